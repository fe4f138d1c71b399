import IKEWire

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
        case .string(let value): JSONString.write(value, to: &text)
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
                JSONString.write(member.key, to: &text)
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
}
