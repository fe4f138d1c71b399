/// Octets that a vector file spells in hexadecimal digits. Blanks, line ends and a leading `0x` are passed over.
package struct Hex: Decodable, Hashable, Sendable, ExpressibleByStringLiteral {
    package let bytes: [UInt8]

    package struct Malformed: Error {
        package let text: String
    }

    package init(_ text: String) throws(Malformed) {
        var digits = text.filter { !$0.isWhitespace }[...]
        if digits.hasPrefix("0x") { digits = digits.dropFirst(2) }
        guard digits.count.isMultiple(of: 2) else { throw Malformed(text: text) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        while !digits.isEmpty {
            guard let byte = UInt8(digits.prefix(2), radix: 16) else { throw Malformed(text: text) }
            bytes.append(byte)
            digits = digits.dropFirst(2)
        }
        self.bytes = bytes
    }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// A literal in a test; a malformed one is the test's own mistake.
    package init(stringLiteral text: String) {
        do {
            try self.init(text)
        } catch {
            preconditionFailure("not hexadecimal: \(text)")
        }
    }
}
