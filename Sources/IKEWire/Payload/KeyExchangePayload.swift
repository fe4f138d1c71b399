/// One side's public value of a key exchange (RFC 7296 section 3.4).
///
///     | method (Diffie-Hellman group) | reserved                      |
///     | data ...                                                     |
package struct KeyExchangePayload: Hashable, Sendable {
    package var method: KeyExchangeMethod
    package var reserved: Reserved<UInt16> = 0
    /// The public value; how long it must be depends on the method and is checked where it is used.
    package var data: [UInt8]

    package init(method: KeyExchangeMethod, data: [UInt8]) {
        self.method = method
        self.data = data
    }
}

// MARK: - Octets

extension KeyExchangePayload {
    init(from reader: inout Reader) throws(WireError) {
        method = KeyExchangeMethod(rawValue: try reader.uint16(.keyExchangeMethod))
        reserved = Reserved(try reader.uint16(.reserved))
        data = reader.rest()
    }

    func write(to writer: inout Writer) {
        writer.uint16(method.rawValue)
        writer.uint16(reserved.bits)
        writer.octets(data)
    }
}
