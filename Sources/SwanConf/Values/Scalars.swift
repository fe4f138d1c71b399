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
        let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        return quantity(text, units: units, limit: longestTime).map { .seconds(Int64($0)) }
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
        quantity(text, units: ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30], limit: .max)
    }

    /// Digits with a point between them, such as `1.8`.
    static func decimal(_ text: String) -> Double? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= 32, parts.allSatisfy({ integer($0) != nil }) else { return nil }
        return Double(text)
    }

    private static func quantity(_ text: String, units: [Character: UInt64], limit: UInt64) -> UInt64? {
        var number = text[...]
        var unit: UInt64 = 1
        if let last = text.lowercased().last, let factor = units[last] {
            unit = factor
            number = number.dropLast()
            while number.last == " " {
                number = number.dropLast()
            }
        }
        guard let count = integer(number) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow || product > limit ? nil : product
    }
}
