package import IKEWire

/// A RADIUS packet (RFC 2865 section 3).
///
///     | code          | identifier    | length of the packet          |
///     | authenticator: 16 octets                                      |
///     | attributes ...                                                |
package struct Packet: Hashable, Sendable {
    /// Octets of the smallest packet, one without attributes.
    package static let headerLength = 20
    /// Octets of the largest packet.
    package static let largest = 4096
    /// Octets of the authenticator.
    package static let authenticatorLength = 16

    /// What the packet is.
    package var code: PacketCode
    /// Tells requests of one socket to one server apart; an answer repeats its request's.
    package var identifier: UInt8
    /// 16 octets: of a request to be answered, or proof of who has answered.
    package var authenticator: [UInt8]
    /// In the order of the packet, which counts among those of one type.
    package var attributes: [Attribute]

    package init(code: PacketCode, identifier: UInt8, authenticator: [UInt8], attributes: [Attribute]) {
        self.code = code
        self.identifier = identifier
        self.authenticator = authenticator
        self.attributes = attributes
    }
}

// MARK: - Octets

extension Packet {
    /// Reads a datagram. What it has behind the packet's length is padding (RFC 2865 section 3); a datagram that is shorter than
    /// its packet says, and attributes that do not fill the packet exactly, are refused.
    package init(parsing octets: [UInt8]) throws(WireError) {
        var datagram = Reader(octets.span.bytes)
        code = PacketCode(rawValue: try datagram.uint8(.radiusCode))
        identifier = try datagram.uint8(.radiusIdentifier)
        let lengthOffset = datagram.offset
        let length = Int(try datagram.uint16(.radiusLength))
        guard (Self.headerLength...Self.largest).contains(length) else {
            throw WireError(
                lengthOffset,
                .radiusLength,
                .outOfRange(value: length, allowed: Self.headerLength...Self.largest)
            )
        }
        authenticator = try datagram.octets(Self.authenticatorLength, .radiusAuthenticator)
        var reader = try datagram.part(length - Self.headerLength, .radiusLength)
        attributes = []
        while !reader.isAtEnd { attributes.append(try Attribute(from: &reader)) }
    }

    /// The octets. Fails if an attribute or the packet is longer than it may be, or the authenticator is not 16 octets long.
    package func encoded() throws(WireError) -> [UInt8] {
        guard authenticator.count == Self.authenticatorLength else {
            throw WireError(
                4,
                .radiusAuthenticator,
                .mismatch(value: authenticator.count, expected: Self.authenticatorLength)
            )
        }
        var writer = Writer()
        writer.uint8(code.rawValue)
        writer.uint8(identifier)
        try writer.measured(from: 0, .radiusLength) { (writer) throws(WireError) in
            writer.octets(authenticator)
            for attribute in attributes { try attribute.write(to: &writer) }
        }
        guard writer.offset <= Self.largest else {
            throw WireError(
                2,
                .radiusLength,
                .outOfRange(value: writer.offset, allowed: Self.headerLength...Self.largest)
            )
        }
        return writer.bytes
    }
}

// MARK: - Looking attributes up

extension Packet {
    /// The attributes of a type, in their order.
    package func all(_ type: AttributeType) -> [Attribute] { attributes.filter { $0.type == type } }

    /// The first attribute of a type.
    package func first(_ type: AttributeType) -> Attribute? { attributes.first { $0.type == type } }

    /// The EAP message, which may be spread over several attributes (RFC 3579 section 3.1); nil where there is none.
    package func eapMessage() throws(RADIUSError) -> EAPMessage? {
        let parts = all(.eapMessage)
        guard !parts.isEmpty else { return nil }
        do throws(WireError) {
            return try EAPMessage(parsing: parts.flatMap(\.value))
        } catch {
            throw .malformedEAP(error)
        }
    }

    /// What the server has to say to a person, of all its attributes; nil for nothing.
    package var replyMessage: String? {
        let texts = all(.replyMessage).map { String(decoding: $0.value, as: UTF8.self) }
        return texts.isEmpty ? nil : texts.joined(separator: " ")
    }
}

extension Attribute {
    /// An EAP message, in as many attributes as it takes (RFC 3579 section 3.1); nil if it is longer than EAP can say.
    package static func eap(_ message: EAPMessage) -> [Attribute]? {
        guard let octets = message.encoded else { return nil }
        return stride(from: 0, to: octets.count, by: largestValue).map { start in
            Attribute(.eapMessage, Array(octets[start..<min(start + largestValue, octets.count)]))
        }
    }
}
