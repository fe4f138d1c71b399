package import IKECrypto
package import IKEWire

/// An attribute inside the tunnel of EAP-TTLS (RFC 5281 section 10.1).
///
///     | code                                                          |
///     | flags V, M    | length without the padding                    |
///     | vendor, if flag V is set                                      |
///     | data ..., filled up with zeros to a multiple of four octets   |
///
/// Kept as secrets throughout: a password may be among them.
package struct AVP {
    struct Kind: Hashable {
        /// 0 for what RADIUS and Diameter define.
        var vendor: UInt32 = 0
        let code: UInt32

        static let userName = Self(code: 1)
        static let userPassword = Self(code: 2)
        static let eapMessage = Self(code: 79)
        static let msCHAPChallenge = Self(vendor: microsoft, code: 11)
        static let msCHAP2Response = Self(vendor: microsoft, code: 25)
        static let msCHAP2Success = Self(vendor: microsoft, code: 26)

        private static let microsoft: UInt32 = 311
    }

    let kind: Kind
    /// Whoever does not know the attribute must end the conversation.
    var isMandatory = true
    let data: SecretBytes

    private enum Flag {
        static let vendor: UInt8 = 0x80
        static let mandatory: UInt8 = 0x40
    }

    /// More than any method sends in one turn.
    private static let most = 32
}

// MARK: - Octets

extension AVP {
    /// All attributes of one turn. The padding of the last one may be missing, as some leave it away.
    package static func parse(_ octets: SecretBytes) throws(WireError) -> [AVP] {
        try octets.withUnsafeBytes { (buffer) throws(WireError) in
            var reader = Reader(buffer.bytes)
            var attributes: [AVP] = []
            while !reader.isAtEnd {
                guard attributes.count < most else {
                    throw WireError(reader.offset, .attributeCount, .tooMany(limit: most))
                }
                attributes.append(try AVP(from: &reader, of: octets))
            }
            return attributes
        }
    }

    private init(from reader: inout Reader, of octets: SecretBytes) throws(WireError) {
        let start = reader.offset
        let code = try reader.uint32(.attributeType)
        let flags = try reader.uint8(.flags)
        let lengthPlace = reader.offset
        let length = Int(try reader.uint24(.attributeLength))
        let vendor = flags & Flag.vendor == 0 ? 0 : try reader.uint32(.attributeType)
        let headerLength = reader.offset - start
        guard length >= headerLength else {
            throw WireError(
                lengthPlace,
                .attributeLength,
                .outOfRange(value: length, allowed: headerLength...Int(UInt32.max >> 8))
            )
        }
        let dataStart = reader.offset
        // Stepped over, not read: it stays in memory that is wiped.
        _ = try reader.part(length - headerLength, .attributeValue)
        guard let data = octets.slice(dataStart..<reader.offset) else {
            throw WireError(lengthPlace, .attributeLength, .mismatch(value: length, expected: octets.count))
        }
        _ = try reader.part(min(Self.padding(length), reader.remaining), .attributeValue)
        kind = Kind(vendor: vendor, code: code)
        isMandatory = flags & Flag.mandatory != 0
        self.data = data
    }

    private static func padding(_ length: Int) -> Int { (4 - length % 4) % 4 }

    /// Nil for data that is longer than the field can say.
    package var encoded: SecretBytes? {
        let hasVendor = kind.vendor != 0
        let length = data.count + (hasVendor ? 12 : 8)
        guard length < 1 << 24 else { return nil }
        var writer = Writer(reservingCapacity: 12)
        writer.uint32(kind.code)
        writer.uint8((hasVendor ? Flag.vendor : 0) | (isMandatory ? Flag.mandatory : 0))
        writer.uint24(UInt32(length))
        if hasVendor { writer.uint32(kind.vendor) }
        let padding = [UInt8](repeating: 0, count: Self.padding(length))
        return .concatenation(SecretBytes(copying: writer.bytes), data, SecretBytes(copying: padding))
    }
}

// MARK: - What is inside

extension AVP {
    /// The octets of what is no password.
    var octets: [UInt8] { data.withUnsafeBytes { Array($0) } }
}

extension [AVP] {
    /// The attributes that came through the tunnel, from `sender`. Throws for what cannot be read, and for one that must be
    /// understood and is not among `known`.
    init(_ octets: SecretBytes, from sender: String, known: Set<AVP.Kind>) throws(NegotiationFailure) {
        do throws(WireError) {
            self = try AVP.parse(octets)
        } catch {
            throw .malformedEAP("the \(sender)'s attributes in the tunnel of EAP-TTLS cannot be read: \(error)")
        }
        if let other = first(where: { $0.isMandatory && !known.contains($0.kind) }) {
            let vendor = other.kind.vendor == 0 ? "" : " of vendor \(other.kind.vendor)"
            throw .eap(
                "the \(sender) insists on attribute \(other.kind.code)\(vendor) in the tunnel of EAP-TTLS, which is not supported"
            )
        }
    }

    func data(_ kind: AVP.Kind) -> SecretBytes? { first { $0.kind == kind }?.data }

    func octets(_ kind: AVP.Kind) -> [UInt8]? { first { $0.kind == kind }?.octets }
}

extension EAPTunnel {
    /// An attribute, and all that TLS has to say beside.
    mutating func send(_ kind: AVP.Kind, _ data: [UInt8]) throws(NegotiationFailure) -> [UInt8] {
        guard let attribute = AVP(kind: kind, data: SecretBytes(copying: data)).encoded else {
            throw .malformedEAP("an attribute for the tunnel of EAP-TTLS would be too long")
        }
        return try send(attribute)
    }

    /// A message of the EAP inside.
    mutating func send(_ message: EAPMessage) throws(NegotiationFailure) -> [UInt8] {
        guard let octets = message.encoded else {
            throw .malformedEAP("a message of EAP for the tunnel of EAP-TTLS would be too long")
        }
        return try send(.eapMessage, octets)
    }
}

extension EAPMessage {
    /// What an EAP-Message attribute holds, from `sender`.
    init(tunneled octets: [UInt8], from sender: String) throws(NegotiationFailure) {
        do throws(WireError) {
            try self.init(parsing: octets)
        } catch {
            throw .malformedEAP("the \(sender)'s message of EAP in the tunnel of EAP-TTLS cannot be read: \(error)")
        }
    }
}
