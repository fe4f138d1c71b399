import IKEWire

/// Writes a JSON document (RFC 8259) as UTF-8, member by member in the order they are given: a status of a thousand SAs has a
/// hundred thousand of them. What is not known is null.
struct JSONWriter {
    private let isPretty: Bool
    private var text: [UInt8] = []
    /// How far the lines here are indented.
    private var indentation = 0
    /// Whether nothing stands in the innermost array or object yet.
    private var isEmpty = true

    private init(isPretty: Bool) {
        self.isPretty = isPretty
    }

    /// - Parameters:
    ///   - pretty: whether each member has a line of its own, two blanks further right than what it stands in.
    ///   - body: writes one value.
    static func document(pretty: Bool, _ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(isPretty: pretty)
        body(&writer)
        return String(decoding: writer.text, as: UTF8.self)
    }
}

// MARK: - Values

extension JSONWriter {
    mutating func value(_ value: JSON) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .number(let digits): put(digits)
        case .string(let value): JSONString.write(value, to: &text)
        case .array(let items): array(of: items) { $1.value($0) }
        case .object(let members):
            object {
                for (key, value) in members {
                    $0.begin(key)
                    $0.value(value)
                }
            }
        }
    }

    mutating func object(_ members: (inout JSONWriter) -> Void) {
        nest("{", "}", members)
    }

    mutating func array<Item>(of items: [Item], _ write: (Item, inout JSONWriter) -> Void) {
        nest("[", "]") { writer in
            for item in items {
                writer.beginItem()
                write(item, &writer)
            }
        }
    }
}

// MARK: - Members of an object

extension JSONWriter {
    mutating func member(_ key: String, _ value: String?) {
        begin(key)
        if let value { JSONString.write(value, to: &text) } else { put("null") }
    }

    mutating func member(_ key: String, _ value: Int?) {
        begin(key)
        put(value.map { String($0) } ?? "null")
    }

    mutating func member(_ key: String, _ value: UInt64?) {
        begin(key)
        put(value.map { String($0) } ?? "null")
    }

    mutating func member(_ key: String, _ value: Bool) {
        begin(key)
        put(value ? "true" : "false")
    }

    mutating func member(_ key: String, _ items: [String]) {
        begin(key)
        array(of: items) { JSONString.write($0, to: &$1.text) }
    }

    mutating func member<Item>(_ key: String, _ items: [Item], _ write: (Item, inout JSONWriter) -> Void) {
        begin(key)
        array(of: items, write)
    }

    mutating func member(_ key: String, object members: (inout JSONWriter) -> Void) {
        begin(key)
        object(members)
    }

    /// An object, or null.
    mutating func member<Value>(_ key: String, _ value: Value?, _ write: (Value, inout JSONWriter) -> Void) {
        begin(key)
        if let value { write(value, &self) } else { put("null") }
    }
}

// MARK: - Signs

extension JSONWriter {
    /// - Parameter piece: nothing that needs to be escaped.
    private mutating func put(_ piece: String) {
        var piece = piece
        piece.withUTF8 { text.append(contentsOf: $0) }
    }

    private mutating func nest(_ opening: String, _ closing: String, _ body: (inout JSONWriter) -> Void) {
        put(opening)
        indentation += 2
        isEmpty = true
        body(&self)
        indentation -= 2
        if !isEmpty { breakLine() }
        isEmpty = false
        put(closing)
    }

    /// - Parameter key: one of ours, which need not be escaped.
    private mutating func begin(_ key: String) {
        beginItem()
        put("\"")
        put(key)
        put(isPretty ? "\": " : "\":")
    }

    private mutating func beginItem() {
        if !isEmpty { put(",") }
        isEmpty = false
        breakLine()
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        put("\n")
        for _ in 0..<indentation { text.append(UInt8(ascii: " ")) }
    }
}
