/// A JSON document (RFC 8259) with the keys in the order they were given.
enum JSON {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])

    static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    static func integer(_ number: (some BinaryInteger)?) -> JSON { number.map { .number(String($0)) } ?? .null }
    static func texts(_ items: [String]) -> JSON { .array(items.map { .string($0) }) }

    /// On one line, or with two blanks of indentation for each level.
    func encoded(pretty: Bool) -> String {
        var writer = JSONWriter(isPretty: pretty)
        writer.write(self)
        return String(decoding: writer.text, as: UTF8.self)
    }
}

/// Writes a document as UTF-8: a status of a thousand SAs has a hundred thousand members.
private struct JSONWriter {
    let isPretty: Bool
    private(set) var text: [UInt8] = []
    /// How far the lines here are indented.
    private var indentation = 0

    init(isPretty: Bool) {
        self.isPretty = isPretty
    }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .number(let digits): put(digits)
        case .string(let value): writeString(value)
        case .array(let items):
            put("[")
            indentation += 2
            for (position, item) in items.enumerated() {
                beginMember(position)
                write(item)
            }
            end(isEmpty: items.isEmpty, "]")
        case .object(let members):
            put("{")
            indentation += 2
            for (position, member) in members.enumerated() {
                beginMember(position)
                writeString(member.key)
                put(isPretty ? ": " : ":")
                write(member.value)
            }
            end(isEmpty: members.isEmpty, "}")
        }
    }

    private mutating func put(_ piece: String) { text += piece.utf8 }

    private mutating func beginMember(_ position: Int) {
        if position > 0 { put(",") }
        breakLine()
    }

    private mutating func end(isEmpty: Bool, _ closing: String) {
        indentation -= 2
        if !isEmpty { breakLine() }
        put(closing)
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        put("\n")
        text += repeatElement(UInt8(ascii: " "), count: indentation)
    }

    private mutating func writeString(_ value: String) {
        put("\"")
        if value.utf8.contains(where: { Self.mayNeedEscape($0) }) {
            for scalar in value.unicodeScalars { write(scalar) }
        } else {
            put(value)
        }
        put("\"")
    }

    private static func mayNeedEscape(_ octet: UInt8) -> Bool {
        octet < 0x20 || octet >= 0x7f || octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\")
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": put("\\\"")
        case "\\": put("\\\\")
        case "\n": put("\\n")
        case "\t": put("\\t")
        case "\r": put("\\r")
        // Escaped beyond what the grammar asks: a terminal shows this, too.
        case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}":
            let digits = String(scalar.value, radix: 16)
            put("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        default: put(String(scalar))
        }
    }
}
