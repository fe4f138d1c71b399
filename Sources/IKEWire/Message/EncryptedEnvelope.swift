/// What stands in front of the initialization vector in a message that is one encrypted payload (RFC 7296 section 3.14).
///
/// The integrity check covers these octets, as associated data for an AEAD cipher (RFC 5282 section 5.1), so every length
/// in them must be final before the content is sealed.
package enum EncryptedEnvelope {
    /// The header and the generic header of an SK payload: 32 octets.
    ///
    /// - Parameters:
    ///   - header: its next payload and length are set here.
    ///   - firstPayload: the type of the first payload inside, `.none` if there is none.
    ///   - bodyLength: the number of octets that follow: initialization vector, ciphertext with padding, and check value.
    ///
    /// Fails if the body is longer than a payload can be.
    package static func prefix(
        header: Header,
        firstPayload: PayloadType,
        bodyLength: Int
    ) throws(WireError) -> [UInt8] {
        var writer = Writer(reservingCapacity: Header.length + PayloadChain.genericHeaderLength)
        try write(header, .encrypted, firstPayload, inFront: 0, bodyLength, to: &writer)
        return writer.bytes
    }

    /// The header, the generic header of an SKF payload and its fragment numbers: 36 octets (RFC 7383 section 2.5).
    ///
    /// - Parameters:
    ///   - firstPayload: the type of the first payload of the whole message; it is sent with fragment 1 only.
    ///   - number: this fragment, from 1.
    ///   - bodyLength: as above; the fragment numbers are not counted.
    package static func fragmentPrefix(
        header: Header,
        firstPayload: PayloadType,
        number: UInt16,
        total: UInt16,
        bodyLength: Int
    ) throws(WireError) -> [UInt8] {
        let first = number == 1 ? firstPayload : .none
        let fragment = EncryptedFragment(firstPayload: first, number: number, total: total, body: [])
        var writer = Writer(
            reservingCapacity: Header.length + PayloadChain.genericHeaderLength + EncryptedFragment.numbersLength
        )
        try write(header, .encryptedFragment, first, inFront: EncryptedFragment.numbersLength, bodyLength, to: &writer)
        try fragment.write(to: &writer)
        return writer.bytes
    }

    /// - Parameter inFront: the number of octets that the caller writes between the generic header and the body.
    private static func write(
        _ header: Header,
        _ type: PayloadType,
        _ firstPayload: PayloadType,
        inFront: Int,
        _ bodyLength: Int,
        to writer: inout Writer
    ) throws(WireError) {
        let overhead = PayloadChain.genericHeaderLength + inFront
        let allowed = 0...Int(UInt16.max) - overhead
        guard allowed.contains(bodyLength), let payloadLength = UInt16(exactly: overhead + bodyLength) else {
            throw WireError(Header.length, .payloadLength, .outOfRange(value: bodyLength, allowed: allowed))
        }
        var header = header
        header.nextPayload = type
        header.length = UInt32(Header.length) + UInt32(payloadLength)
        try header.write(to: &writer)
        writer.uint8(firstPayload.rawValue)
        writer.uint8(0)
        writer.uint16(payloadLength)
    }
}
