/// A piece of an encrypted payload that was too long for one datagram (RFC 7383 section 2.5).
///
///     | fragment number               | total fragments               |
///     | initialization vector, ciphertext, integrity check value ...  |
package struct EncryptedFragment: Hashable, Sendable {
    /// In fragment 1 the type of the first payload inside; the others should say `.none`.
    package var firstPayload: PayloadType
    /// From 1.
    package var number: UInt16
    package var total: UInt16
    /// As in `Encrypted`; each fragment is sealed by itself.
    package var body: [UInt8]

    package init(firstPayload: PayloadType, number: UInt16, total: UInt16, body: [UInt8]) {
        self.firstPayload = firstPayload
        self.number = number
        self.total = total
        self.body = body
    }
}

// MARK: - Octets

extension EncryptedFragment {
    /// The number of octets of the two fields in front of the body.
    static let numbersLength = 4

    init(firstPayload: PayloadType, from reader: inout Reader) throws(WireError) {
        let offset = reader.offset
        self.firstPayload = firstPayload
        number = try reader.uint16(.fragmentNumber)
        total = try reader.uint16(.fragmentTotal)
        body = reader.rest()
        try checkNumbers(at: offset)
    }

    func write(to writer: inout Writer) throws(WireError) {
        try checkNumbers(at: writer.offset)
        writer.uint16(number)
        writer.uint16(total)
        writer.octets(body)
    }

    /// Neither may be zero, and the number not exceed the total (RFC 7383 section 2.5).
    private func checkNumbers(at offset: Int) throws(WireError) {
        guard total > 0 else {
            throw WireError(offset + 2, .fragmentTotal, .outOfRange(value: 0, allowed: 1...Int(UInt16.max)))
        }
        guard number > 0, number <= total else {
            throw WireError(offset, .fragmentNumber, .outOfRange(value: Int(number), allowed: 1...Int(total)))
        }
    }
}
