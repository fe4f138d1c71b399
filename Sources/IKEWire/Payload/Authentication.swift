/// The proof of an identity (RFC 7296 section 3.8).
///
///     | method        | reserved                                      |
///     | authentication data ...                                      |
package struct Authentication: Hashable, Sendable {
    package var method: AuthenticationMethod
    /// Three octets.
    package var reserved: Reserved<UInt32> = 0
    package var data: [UInt8]

    package init(method: AuthenticationMethod, data: [UInt8]) {
        self.method = method
        self.data = data
    }
}

// MARK: - Octets

extension Authentication {
    init(from reader: inout Reader) throws(WireError) {
        method = AuthenticationMethod(rawValue: try reader.uint8(.authenticationMethod))
        reserved = Reserved(try reader.uint24(.reserved))
        data = reader.rest()
    }

    func write(to writer: inout Writer) {
        writer.uint8(method.rawValue)
        writer.uint24(reserved.bits)
        writer.octets(data)
    }
}
