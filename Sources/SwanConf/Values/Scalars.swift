/// Numbers, times, sizes and booleans as swanctl writes them. Each is nil for a text of another form
/// and for a value that is too large to be meant.
enum Scalars {
    /// The longest time: what 32 bits of seconds hold, some 136 years.
    static let longestTime = UInt64(UInt32.max)

    /// Letter case does not matter, as with all words of swanctl.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes", "true", "enabled", "1": true
        case "no", "false", "disabled", "0": false
        default: nil
        }
    }

    /// Decimal digits and nothing else.
    static func integer(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt64(text)
    }

    /// A number of seconds, or of the unit behind it: `s`, `m`, `h` or `d`.
    static func duration(_ text: String) -> Duration? {
        quantity(text, limit: longestTime) { unit in
            switch unit {
            case "s": 1
            case "m": 60
            case "h": 3600
            case "d": 86400
            default: nil
            }
        }.map { .seconds(Int64($0)) }
    }

    /// Seconds with a fraction of up to nine digits, such as `4.0`; the unit `s` may follow.
    static func preciseDuration(_ text: String) -> Duration? {
        let number = text.hasSuffix("s") ? text.dropLast() : text[...]
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap(integer), whole <= longestTime else { return nil }
        guard parts.count > 1 else { return .seconds(Int64(whole)) }
        let digits = parts[1]
        guard digits.utf8.count <= 9, let fraction = integer(digits) else { return nil }
        var nanoseconds = Int64(fraction)
        for _ in digits.utf8.count..<9 {
            nanoseconds *= 10
        }
        return .seconds(Int64(whole)) + .nanoseconds(nanoseconds)
    }

    /// A number of octets, or of the unit behind it: `K`, `M` or `G`, each 1024 of the one before.
    static func size(_ text: String) -> UInt64? {
        quantity(text, limit: .max) { unit in
            switch unit {
            case "k": 1 << 10
            case "m": 1 << 20
            case "g": 1 << 30
            default: nil
            }
        }
    }

    /// Digits with a point between them, such as `1.8`.
    static func decimal(_ text: String) -> Double? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= 32, parts.allSatisfy({ integer($0) != nil }) else { return nil }
        return Double(text)
    }

    /// - Parameter unit: how much a letter in lower case stands for; nil: it is no unit.
    private static func quantity(
        _ text: String,
        limit: UInt64,
        _ unit: (Unicode.Scalar) -> UInt64?
    ) -> UInt64? {
        var number = text.utf8[...]
        var factor: UInt64 = 1
        // The bit that tells capitals from small letters.
        if let last = number.last, let named = unit(Unicode.Scalar(last | 0x20)) {
            factor = named
            number = number.dropLast()
            while number.last == Octet.space {
                number = number.dropLast()
            }
        }
        guard let count = integer(Substring(number)) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow || product > limit ? nil : product
    }
}
