/// A text as JSON writes it, quotes included, for logs and for what `ikectl` prints.
package enum JSONString {
    /// Adds a string of RFC 8259 section 7. Control characters beyond ASCII are escaped as well, for terminals that show it.
    package static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var text = text
        let isPlain = text.withUTF8 { octets in
            guard !octets.contains(where: mayNeedEscape) else { return false }
            output.append(contentsOf: octets)
            return true
        }
        if !isPlain {
            for scalar in text.unicodeScalars { write(scalar, to: &output) }
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func mayNeedEscape(_ octet: UInt8) -> Bool {
        octet < 0x20 || octet >= 0x7f || octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\")
    }

    private static func write(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
        switch scalar {
        case "\"": output += "\\\"".utf8
        case "\\": output += "\\\\".utf8
        case "\n": output += "\\n".utf8
        case "\t": output += "\\t".utf8
        case "\r": output += "\\r".utf8
        // All of them are below 0x100.
        case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}":
            output += "\\u00\(hexadecimal([UInt8(truncatingIfNeeded: scalar.value)]))".utf8
        default: output += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
    }
}
