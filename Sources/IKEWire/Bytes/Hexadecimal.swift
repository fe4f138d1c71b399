/// Two lower-case digits for each octet, without separators.
package func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
    octets.reduce(into: "") { text, octet in
        if octet < 16 { text += "0" }
        text += String(octet, radix: 16)
    }
}

/// The octets that pairs of digits stand for, in either case; nil for an odd count or another character.
package func octets(fromHexadecimal text: some StringProtocol) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue)
    // Only ASCII: `hexDigitValue` knows full-width digits too.
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
