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
        var text = ""
        write(to: &text, indentation: pretty ? 0 : nil)
        return text
    }

    private func write(to text: inout String, indentation: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): Self.write(value, to: &text)
        case .array(let items):
            Self.writeMembers(of: items, "[", "]", to: &text, indentation) { item, text, inner in
                item.write(to: &text, indentation: inner)
            }
        case .object(let members):
            Self.writeMembers(of: members, "{", "}", to: &text, indentation) { member, text, inner in
                Self.write(member.key, to: &text)
                text += inner == nil ? ":" : ": "
                member.value.write(to: &text, indentation: inner)
            }
        }
    }

    private static func writeMembers<Member>(
        of members: [Member],
        _ opening: String,
        _ closing: String,
        to text: inout String,
        _ indentation: Int?,
        write: (Member, inout String, Int?) -> Void
    ) {
        let inner = indentation.map { $0 + 2 }
        text += opening
        for (position, member) in members.enumerated() {
            if position > 0 { text += "," }
            if let inner { text += "\n" + String(repeating: " ", count: inner) }
            write(member, &text, inner)
        }
        if let indentation, !members.isEmpty { text += "\n" + String(repeating: " ", count: indentation) }
        text += closing
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            // Escaped beyond what the grammar asks: a terminal shows this, too.
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
