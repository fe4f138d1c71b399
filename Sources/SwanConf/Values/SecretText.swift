/// The ways to write a secret: as it is, in hexadecimal behind `0x`, or in Base64 behind `0s`.
enum SecretText {
    /// - Returns: nil for digits that are none.
    static func decode(_ text: String) -> [UInt8]? {
        if text.lowercased().hasPrefix("0x") {
            return hexadecimal(text.dropFirst(2))
        }
        if text.lowercased().hasPrefix("0s") {
            return base64(text.dropFirst(2))
        }
        return Array(text.utf8)
    }

    /// Pairs of digits; colons may part them.
    private static func hexadecimal(_ text: Substring) -> [UInt8]? {
        var digits: [UInt8] = []
        for octet in text.utf8 where octet != Octet.colon {
            guard let digit = hexadecimalDigit(octet) else { return nil }
            digits.append(digit)
        }
        guard digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func hexadecimalDigit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): octet - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): octet - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): octet - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// RFC 4648 section 4. The padding may be missing, and bits that fill no octet are ignored, as swanctl does.
    private static func base64(_ text: Substring) -> [UInt8]? {
        var octets: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        let body = text.utf8.prefix { $0 != Octet.equals }
        let padding = text.utf8.dropFirst(body.count)
        guard padding.allSatisfy({ $0 == Octet.equals }), padding.count <= 2,
            padding.isEmpty || (body.count + padding.count).isMultiple(of: 4)
        else { return nil }
        for octet in body {
            guard let digit = base64Digit(octet) else { return nil }
            bits = (bits << 6 | digit) & 0xFFFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return bitCount < 6 ? octets : nil
    }

    private static func base64Digit(_ octet: UInt8) -> UInt32? {
        switch octet {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(octet - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(octet - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(octet - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
