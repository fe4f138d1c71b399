/// Metrics as text, in Prometheus' exposition format 0.0.4: for each family its help, its type and its samples.
struct Exposition {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// What tells the samples of a family apart, in order.
    struct Labels: ExpressibleByDictionaryLiteral {
        let pairs: [(String, String)]

        init(_ pairs: [(String, String)]) { self.pairs = pairs }

        init(dictionaryLiteral pairs: (String, String)...) { self.pairs = pairs }
    }

    enum Kind: String {
        case counter, gauge
    }

    /// Adds a family with one sample for each set of labels.
    mutating func add(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        samples: [(Labels, any MetricValue)]
    ) {
        begin(name, kind.rawValue, help)
        for (labels, value) in samples { add(name, labels, value.metricText) }
    }

    /// Adds a family with a single sample.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some MetricValue) {
        begin(name, kind.rawValue, help)
        add(name, [:], value.metricText)
    }

    /// Adds a family with one histogram for each value of a label.
    mutating func add(
        _ name: String,
        _ help: String,
        by label: String,
        _ histograms: [(value: String, histogram: Histogram)]
    ) {
        begin(name, "histogram", help)
        for (value, histogram) in histograms {
            for (bound, count) in histogram.buckets {
                add("\(name)_bucket", Labels([(label, value), ("le", bound?.metricText ?? "+Inf")]), count.metricText)
            }
            add("\(name)_sum", Labels([(label, value)]), histogram.sum.metricText)
            add("\(name)_count", Labels([(label, value)]), histogram.count.metricText)
        }
    }

    private mutating func begin(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    private mutating func add(_ name: String, _ labels: Labels, _ value: String) {
        let pairs = labels.pairs.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        text += pairs.isEmpty ? "\(name) \(value)\n" : "\(name){\(pairs)} \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for character in value {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}

/// What a sample may be: a number that the format can say.
protocol MetricValue {
    var metricText: String { get }
}

extension Int: MetricValue {
    var metricText: String { String(self) }
}

extension UInt64: MetricValue {
    var metricText: String { String(self) }
}

extension Double: MetricValue {
    var metricText: String { String(self) }
}

/// How many observations were at most so large, in seconds.
struct Histogram {
    private let bounds: [Double]
    /// Observations in each range, the last beyond all bounds.
    private var counts: [Int]
    private(set) var sum = 0.0

    /// - Parameter bounds: rising.
    init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    mutating func observe(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
        sum += seconds
    }

    var count: Int { counts.reduce(0, +) }

    /// Each bound with the number of observations up to it; nil stands for no bound.
    var buckets: [(bound: Double?, count: Int)] {
        var total = 0
        return (bounds.map { Optional($0) } + [nil]).enumerated().map { index, bound in
            total += counts[index]
            return (bound, total)
        }
    }
}
