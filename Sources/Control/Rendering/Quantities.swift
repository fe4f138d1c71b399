/// Durations, sizes and counts as people read them.
enum Quantities {
    /// The two largest units: `45s`, `12m 04s`, `3h 41m`, `12d 03h`. Never more than seven columns below 1,000 days.
    static func duration(_ seconds: Int) -> String {
        let seconds = max(seconds, 0)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m \(twoDigits(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3600)h \(twoDigits(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d \(twoDigits(seconds / 3600 % 24))h"
        }
    }

    /// A duration as a configuration would say it, without units that are zero: `45m`, `1h 06m`, `24h`, `30d`.
    static func period(_ seconds: Int) -> String {
        let seconds = max(seconds, 0)
        switch seconds {
        case (2 * 86_400)... where seconds % 86_400 == 0: return "\(seconds / 86_400)d"
        case 1... where seconds % 3600 == 0: return "\(seconds / 3600)h"
        case 1... where seconds % 60 == 0 && seconds < 3600: return "\(seconds / 60)m"
        default: return duration(seconds)
        }
    }

    /// Binary multiples with three digits or so: `512 B`, `1.2 KiB`, `310.0 MiB`. Never more than ten columns.
    static func bytes(_ count: UInt64) -> String {
        guard count >= 1024 else { return "\(count) B" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = Double(count) / 1024
        var unit = 0
        while value >= 1023.95, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// Digits in groups of three: `1,234,567`.
    static func count(_ number: UInt64) -> String {
        let digits = String(number)
        guard number >= 1000 else { return digits }
        var result: [UInt8] = []
        for (position, digit) in digits.utf8.enumerated() {
            if position > 0, (digits.utf8.count - position) % 3 == 0 { result.append(UInt8(ascii: ",")) }
            result.append(digit)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `1 CHILD SA`, `2 CHILD SAs`.
    static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        "\(count(UInt64(clamping: number))) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
