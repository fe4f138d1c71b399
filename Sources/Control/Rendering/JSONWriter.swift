import IKEWire

/// Writes a JSON document (RFC 8259), member by member in the order they are given: a status of a thousand SAs has a hundred
/// thousand of them. What is not known is null.
///
/// What takes a closure is inlined, since each closure would copy what it writes of.
struct JSONWriter {
    private let isPretty: Bool
    private var page: Page
    /// What each item begins with: the end of the line before and blanks; nothing where all is on one line.
    private var lineBreak: [UInt8]
    /// Whether nothing stands in the innermost array or object yet.
    private var isEmpty = true

    /// A document as a text.
    /// - Parameter body: writes one value.
    static func document(pretty: Bool, _ body: (inout JSONWriter) -> Void) -> String {
        Page.text { $0.add(pretty: pretty, body) }
    }
}

extension Page {
    /// Adds a document of JSON.
    /// - Parameters:
    ///   - pretty: whether each member has a line of its own, two blanks further right than what it stands in.
    ///   - body: writes one value.
    mutating func add(pretty: Bool, _ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(isPretty: pretty, page: self)
        text = []
        body(&writer)
        self = writer.finished
    }
}

extension JSONWriter {
    fileprivate init(isPretty: Bool, page: Page) {
        self.isPretty = isPretty
        self.page = page
        lineBreak = isPretty ? [UInt8(ascii: "\n")] : []
    }

    fileprivate var finished: Page { page }
}

// MARK: - Values

extension JSONWriter {
    mutating func value(_ value: JSON) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .number(let digits): put(digits)
        case .string(let value): JSONString.write(value, to: &page.text)
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

    @inline(__always)
    mutating func object(_ members: (inout JSONWriter) -> Void) {
        nest("{", "}", members)
    }

    @inline(__always)
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
        if let value { JSONString.write(value, to: &page.text) } else { put("null") }
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
        array(of: items) { JSONString.write($0, to: &$1.page.text) }
    }

    @inline(__always)
    mutating func member<Item>(_ key: String, _ items: [Item], _ write: (Item, inout JSONWriter) -> Void) {
        begin(key)
        array(of: items, write)
    }

    @inline(__always)
    mutating func member(_ key: String, object members: (inout JSONWriter) -> Void) {
        begin(key)
        object(members)
    }

    /// An object, or null.
    @inline(__always)
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
        piece.withUTF8 { page.text.append(contentsOf: $0) }
    }

    private mutating func put(sign: Unicode.Scalar) {
        page.text.append(UInt8(ascii: sign))
    }

    @inline(__always)
    private mutating func nest(
        _ opening: Unicode.Scalar,
        _ closing: Unicode.Scalar,
        _ body: (inout JSONWriter) -> Void
    ) {
        put(sign: opening)
        if isPretty { lineBreak += "  ".utf8 }
        isEmpty = true
        body(&self)
        if isPretty { lineBreak.removeLast(2) }
        if !isEmpty { page.text += lineBreak }
        isEmpty = false
        put(sign: closing)
    }

    /// - Parameter key: one of ours, which need not be escaped.
    private mutating func begin(_ key: String) {
        beginItem()
        put(sign: "\"")
        put(key)
        put(sign: "\"")
        put(sign: ":")
        if isPretty { put(sign: " ") }
    }

    private mutating func beginItem() {
        if !isEmpty { put(sign: ",") }
        isEmpty = false
        page.settle()
        page.text += lineBreak
    }
}
