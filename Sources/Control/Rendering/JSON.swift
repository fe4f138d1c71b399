/// A JSON document (RFC 8259) with the keys in the order they were given. Long ones are written without it, see `JSONWriter`.
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
        JSONWriter.document(pretty: pretty) { $0.value(self) }
    }
}
