import COpenSSL

/// A point in time as certificates know it: whole seconds since 1970 in UTC, leap seconds not counted.
package struct UnixTime: Hashable, Comparable, Sendable {
    package var seconds: Int64

    package init(seconds: Int64) { self.seconds = seconds }

    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }
}

// MARK: - ASN.1

extension UnixTime {
    /// From a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5).
    init(_ time: UnsafePointer<ASN1_TIME>?) throws(CryptoError) {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { throw .malformed("time") }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else {
            ERR_clear_error()
            throw .malformed("time")
        }
        self.init(seconds: Int64(days) * Self.secondsPerDay + Int64(seconds))
    }
}

// MARK: - Text

extension UnixTime: CustomStringConvertible {
    /// ISO 8601 in UTC: "2031-02-28T23:59:59Z".
    package var description: String {
        let second = seconds.floored(by: Self.secondsPerDay)
        let (year, month, day) = date
        let clock = [second.remainder / 3600, second.remainder / 60 % 60, second.remainder % 60]
        return "\(year.digits(4))-\(month.digits(2))-\(day.digits(2))T"
            + clock.map { $0.digits(2) }.joined(separator: ":") + "Z"
    }

    private static let secondsPerDay: Int64 = 86_400

    /// Year, month and day of the Gregorian calendar. Years are counted from March, so that the leap day comes last, and
    /// days from 0000-03-01, where a cycle of 400 years begins.
    private var date: (year: Int64, month: Int64, day: Int64) {
        let daysBefore1970: Int64 = 719_468
        let daysPerCycle: Int64 = 146_097
        let cycle = (seconds.floored(by: Self.secondsPerDay).quotient + daysBefore1970).floored(by: daysPerCycle)
        let day = cycle.remainder
        // A day is taken away for each 29 February before it, but none at the end of a century and one again after 400 years.
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        // From March on, five months have 153 days.
        let month = (5 * dayOfYear + 2) / 153
        let isNextYear = month >= 10
        return (
            year: cycle.quotient * 400 + year + (isNextYear ? 1 : 0),
            month: isNextYear ? month - 9 : month + 3,
            day: dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}

extension Int64 {
    /// Division that rounds down, so that the remainder is never negative.
    fileprivate func floored(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    fileprivate func digits(_ count: Int) -> String {
        let text = String(magnitude)
        let zeros = String(repeating: "0", count: Swift.max(0, count - text.utf8.count))
        return (self < 0 ? "-" : "") + zeros + text
    }
}
