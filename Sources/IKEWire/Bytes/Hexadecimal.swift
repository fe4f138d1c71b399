/// Two lower-case digits for each octet, without separators.
package func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * octets.underestimatedCount)
    for octet in octets {
        text.append(hexadecimalDigit(octet >> 4))
        text.append(hexadecimalDigit(octet & 15))
    }
    return String(decoding: text, as: UTF8.self)
}

/// All digits of a number, the highest first.
func hexadecimal<Number: FixedWidthInteger>(_ number: Number) -> String {
    let count = Number.bitWidth / 4
    return String(unsafeUninitializedCapacity: count) { text in
        for position in 0..<count {
            let digit = number >> Number(4 * (count - 1 - position)) & 15
            text[position] = hexadecimalDigit(UInt8(truncatingIfNeeded: digit))
        }
        return count
    }
}

/// - Precondition: `value` is below 16.
private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
}

/// The octets that pairs of digits stand for, in either case; nil for an odd count or another character.
package func octets(fromHexadecimal text: some StringProtocol) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue)
    // Only ASCII: `hexDigitValue` knows full-width digits too.
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
