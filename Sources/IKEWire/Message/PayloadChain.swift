/// Payloads one after the other, each naming the type of the next (RFC 7296 section 3.2).
///
///     | next payload  |C|  reserved   | payload length                |
///     | body ...                                                     |
///
/// A message is a header and such a chain; what an encrypted payload hides is such a chain as well.
package enum PayloadChain {
    /// More payloads than any exchange needs (an IKE_AUTH with a chain of certificates and many notifications has some thirty),
    /// and few enough that a datagram full of empty payloads costs little.
    package static let maximumPayloads = 256

    /// The number of octets of the header that begins each payload.
    package static let genericHeaderLength = 4

    /// The payloads that an encrypted payload held.
    ///
    /// - Parameters:
    ///   - first: what the encrypted payload's header names as the first type inside.
    ///   - baseOffset: where the octets would stand in the message, for errors.
    ///
    /// Fails if the chain breaks a rule, holds an encrypted payload or does not use up the octets.
    package static func decode(
        first: PayloadType,
        _ bytes: [UInt8],
        at baseOffset: Int
    ) throws(WireError) -> [Payload] {
        var reader = Reader(bytes.span.bytes, at: baseOffset)
        return try decode(first: first, from: &reader, mayEndEncrypted: false)
    }

    /// What to encrypt: the octets of the chain, and the type of its first payload (`.none` for an empty chain).
    package static func encode(_ payloads: [Payload]) throws(WireError) -> (first: PayloadType, bytes: [UInt8]) {
        var writer = Writer()
        try encode(payloads, to: &writer, mayEndEncrypted: false)
        return (payloads.first?.type ?? .none, writer.bytes)
    }
}

// MARK: - One payload after the other

extension PayloadChain {
    /// - Parameter mayEndEncrypted: true for the chain of a message, false inside of an encrypted payload (RFC 7296 section 3.1).
    static func decode(
        first: PayloadType,
        from reader: inout Reader,
        mayEndEncrypted: Bool
    ) throws(WireError) -> [Payload] {
        var payloads: [Payload] = []
        var type = first
        while type != .none {
            guard payloads.count < maximumPayloads else {
                throw WireError(reader.offset, .payloadCount, .tooMany(limit: maximumPayloads))
            }
            let start = reader.offset
            let next = PayloadType(rawValue: try reader.uint8(.nextPayload))
            let bits = try reader.uint8(.payloadHeader)
            var content = try reader.measured(from: start, .payloadLength)
            if type.hidesPayloads, !mayEndEncrypted { throw WireError(start, .payload, .misplaced(type)) }
            var payload = Payload(try Payload.Body(type, first: next, from: &content))
            try content.finish(.payload)
            payload.isCritical = bits & 0x80 != 0
            payload.reserved = Reserved(bits & 0x7f)
            payloads.append(payload)
            // The header of an encrypted payload names what is inside; nothing may follow it.
            type = type.hidesPayloads ? .none : next
        }
        try reader.finish(.message)
        return payloads
    }

    static func encode(
        _ payloads: [Payload],
        to writer: inout Writer,
        mayEndEncrypted: Bool
    ) throws(WireError) {
        guard payloads.count <= maximumPayloads else {
            throw WireError(writer.offset, .payloadCount, .tooMany(limit: maximumPayloads))
        }
        let types = payloads.map(\.type)
        for (payload, next) in zip(payloads, types.dropFirst() + [.none]) {
            let start = writer.offset
            if payload.type == .none { throw WireError(start, .payload, .misplaced(payload.type)) }
            if payload.type.hidesPayloads, !mayEndEncrypted || next != .none {
                throw WireError(start, .payload, .misplaced(payload.type))
            }
            writeGenericHeaderBits(of: payload, next: payload.body.firstHiddenPayload ?? next, to: &writer)
            try writer.measured(from: start, .payloadLength) { (writer) throws(WireError) in
                try payload.body.write(to: &writer)
            }
        }
    }

    private static func writeGenericHeaderBits(of payload: Payload, next: PayloadType, to writer: inout Writer) {
        writer.uint8(next.rawValue)
        writer.uint8((payload.isCritical ? 0x80 : 0) | payload.reserved.bits & 0x7f)
    }
}

extension PayloadType {
    /// Encrypted, whole or a fragment: the last payload of a message, its next-payload field about what is inside.
    var hidesPayloads: Bool { self == .encrypted || self == .encryptedFragment }
}
