import Inet

/// Two addresses with a dash between them, as in `192.0.2.10-192.0.2.20`.
enum AddressRange {
    /// The addresses of a range; nil when the value does not have the form of one.
    static func read(_ value: SettingText) throws(ConfigurationError) -> ClosedRange<IPAddress>? {
        guard value.text.utf8.contains(UInt8(ascii: "-")) else { return nil }
        let ends = value.text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = IPAddress(trimmed(ends[0])), let last = IPAddress(trimmed(ends[1])) else {
            return nil
        }
        guard first.family == last.family else {
            throw value.failure("a range cannot lead from an IPv4 to an IPv6 address or back, as `\(value.text)` does")
        }
        guard first <= last else {
            throw value.failure(
                "the range `\(value.text)` ends before it starts",
                suggestion: "\(last)-\(first)"
            )
        }
        return first...last
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
