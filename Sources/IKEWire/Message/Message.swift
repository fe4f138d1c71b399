/// One IKE message: what a UDP datagram holds, without the non-ESP marker of port 4500 (RFC 7296 section 3).
///
/// Decoding checks all that can be known without keys: lengths agree with their content, counts with their elements,
/// substructure flags with their place, and an encrypted payload is the last one. It accepts what RFC 7296 says to ignore
/// (reserved bits, unknown flags, the minor version) and keeps it, so that `encoded` yields the received octets again.
package struct Message: Hashable, Sendable {
    package var header: Header
    /// In the order of the message.
    package var payloads: [Payload]

    /// A message to send; the header's next payload and length are computed by `encoded`.
    package init(header: Header, payloads: [Payload]) {
        self.header = header
        self.payloads = payloads
    }

    /// The message in a datagram, all of it.
    ///
    /// Fails for another major version than 2, for a length field that differs from the number of octets, and for any
    /// payload that breaks RFC 7296 section 3. An encrypted payload is not looked into.
    package init(parsing bytes: [UInt8]) throws(WireError) {
        var reader = Reader(bytes.span.bytes)
        let header = try Header(from: &reader)
        guard header.majorVersion == 2 else {
            throw WireError(Self.versionOffset, .version, .unsupportedVersion(header.majorVersion))
        }
        guard Int(header.length) == bytes.count else {
            throw WireError(
                Self.lengthOffset,
                .messageLength,
                .mismatch(value: Int(header.length), expected: bytes.count)
            )
        }
        self.header = header
        self.payloads = try PayloadChain.decode(first: header.nextPayload, from: &reader, mayEndEncrypted: true)
    }

    /// The octets to send. Fails where a value does not fit its field or breaks a rule that decoding would refuse.
    package func encoded() throws(WireError) -> [UInt8] {
        var writer = Writer()
        try header.write(to: &writer)
        try PayloadChain.encode(payloads, to: &writer, mayEndEncrypted: true)
        guard let length = UInt32(exactly: writer.offset) else {
            throw WireError(0, .messageLength, .outOfRange(value: writer.offset, allowed: 0...Int(UInt32.max)))
        }
        var header = header
        header.nextPayload = payloads.first?.type ?? .none
        header.length = length
        var start = Writer()
        try header.write(to: &start)
        return start.bytes + writer.bytes.dropFirst(Header.length)
    }

    /// Where the header's version and length fields are.
    private static let versionOffset = 17
    private static let lengthOffset = 24
}
