/// What the command line of `simulate` asks for.
struct Options {
    /// Schedules to run.
    var runs = 1000
    /// The seed of the first, or of the one; each further schedule has the next one.
    var seed: UInt64 = 1
    enum Task {
        /// Random schedules.
        case explore
        /// One schedule only, with its whole message log.
        case replay
        /// Every pair of exchanges begun by both sides.
        case interleave
        /// What is broken on purpose must be noticed.
        case plantFaults
    }

    var task = Task.explore
    /// How many hours of commands and traffic each schedule has; nil: some minutes, as its seed says.
    var hours: Double?
    /// Properties that are not looked at.
    var omitted: Set<String> = []
    /// Schedules that run at the same time.
    var jobs = 1

    enum Failure: Error, CustomStringConvertible {
        case unknown(String)
        case value(String)

        var description: String {
            switch self {
            case .unknown(let option): "unknown option \(option)"
            case .value(let option): "\(option) needs a value, numbers above 0"
            }
        }
    }

    init(_ arguments: some Sequence<String>) throws(Failure) {
        var rest = arguments.makeIterator()
        while let option = rest.next() {
            switch option {
            case "--runs": runs = try Self.number(option, rest.next())
            case "--seed":
                seed = try Self.number(option, rest.next())
                task = .replay
            case "--from": seed = try Self.number(option, rest.next())
            case "--interleavings": task = .interleave
            case "--faults": task = .plantFaults
            case "--hours": hours = try Self.number(option, rest.next())
            case "--without":
                guard let name = rest.next() else { throw .value(option) }
                omitted.insert(name)
            case "--jobs": jobs = try Self.number(option, rest.next())
            default: throw .unknown(option)
            }
        }
    }

    private static func number<N: LosslessStringConvertible & Comparable & Numeric>(
        _ option: String,
        _ text: String?
    ) throws(Failure) -> N {
        guard let text, let number = N(text), number > 0 else { throw .value(option) }
        return number
    }
}
