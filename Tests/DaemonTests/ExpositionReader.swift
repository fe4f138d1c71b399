/// Reads Prometheus' text format, strictly: every sample must belong to the family that was declared right before it.
struct ExpositionReader {
    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var types: [String: String] = [:]
    private(set) var values: [Sample: Double] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Failure(description: "the last line has no end") }
        var family = ""
        var helped = ""
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("# HELP ") {
                let words = line.split(separator: " ", maxSplits: 3)
                guard words.count == 4 else { throw Failure(description: "no help: \(line)") }
                helped = String(words[2])
            } else if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                guard words.count == 4, ["counter", "gauge", "histogram"].contains(words[3]) else {
                    throw Failure(description: "no type: \(line)")
                }
                family = String(words[2])
                guard family == helped, types[family] == nil else {
                    throw Failure(description: "out of order: \(line)")
                }
                types[family] = String(words[3])
            } else {
                let (sample, value) = try Self.sample(line)
                let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { sample.name == family + $0 }) else {
                    throw Failure(description: "not of the family \(family): \(line)")
                }
                guard values[sample] == nil else { throw Failure(description: "twice: \(line)") }
                values[sample] = value
            }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        values[Sample(name: name, labels: labels)]
    }

    /// `name{key="value",...} number`.
    private static func sample(_ line: String) throws -> (Sample, Double) {
        var rest = line[...]
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let key = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest.dropFirst(key.count)
                guard !key.isEmpty, rest.hasPrefix("=\"") else { throw Failure(description: "no label: \(line)") }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    case "n": value.append("\n")
                    default: throw Failure(description: "no such escape: \(line)")
                    }
                }
                guard labels.updateValue(value, forKey: String(key)) == nil else {
                    throw Failure(description: "a label twice: \(line)")
                }
            } while rest.first == ","
            guard rest.popFirst() == "}" else { throw Failure(description: "labels without an end: \(line)") }
        }
        guard !name.isEmpty, rest.popFirst() == " ", let number = Double(rest) else {
            throw Failure(description: "no value: \(line)")
        }
        return (Sample(name: String(name), labels: labels), number)
    }
}
