// Reading JSON (RFC 8259) of other programs.

extension JSON {
    /// The document in a text; nil if it is none, or nested deeper than `deepest`.
    init?(parsing text: String) {
        var reader = JSONReader(Array(text.utf8))
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }

    /// The value of a member; nil where there is none or this is no object.
    subscript(key: String) -> JSON? { members?.first { $0.key == key }?.value }

    var members: [(key: String, value: JSON)]? { if case .object(let members) = self { members } else { nil } }
    var items: [JSON]? { if case .array(let items) = self { items } else { nil } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
}

private struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0

    /// More levels than any program prints.
    private static let deepest = 64

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
    }

    /// Whether nothing but blanks is left.
    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return position == bytes.count
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard let byte = next, UInt32(byte) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    mutating func value(depth: Int) -> JSON? {
        guard depth < Self.deepest else { return nil }
        skipBlanks()
        guard let first = next else { return nil }
        switch Unicode.Scalar(first) {
        case "{": return object(depth)
        case "[": return array(depth)
        case "\"": return string().map { .string($0) }
        case "t": return take(word: "true") ? .bool(true) : nil
        case "f": return take(word: "false") ? .bool(false) : nil
        case "n": return take(word: "null") ? .null : nil
        case "-", "0"..."9": return number()
        default: return nil
        }
    }

    private mutating func object(_ depth: Int) -> JSON? {
        guard take("{") else { return nil }
        var members: [(key: String, value: JSON)] = []
        if take("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard let key = string(), take(":"), let value = value(depth: depth + 1) else { return nil }
            members.append((key, value))
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array(_ depth: Int) -> JSON? {
        guard take("[") else { return nil }
        var items: [JSON] = []
        if take("]") { return .array(items) }
        repeat {
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
        } while take(",")
        return take("]") ? .array(items) : nil
    }

    private mutating func number() -> JSON? {
        let start = position
        while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        return Double(digits) == nil ? nil : .number(digits)
    }

    private mutating func string() -> String? {
        guard next == UInt8(ascii: "\"") else { return nil }
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = escape() else { return nil }
                content += escaped.utf8
            case 0..<0x20: return nil
            default: content.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> String? {
        guard let byte = next else { return nil }
        position += 1
        switch Unicode.Scalar(byte) {
        case "\"", "\\", "/": return String(Unicode.Scalar(byte))
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return unicode()
        default: return nil
        }
    }

    /// Four hexadecimal digits; two of them for what needs a surrogate pair.
    private mutating func unicode() -> String? {
        guard let first = codeUnit() else { return nil }
        if let scalar = Unicode.Scalar(first) { return String(scalar) }
        guard take(word: "\\u"), let second = codeUnit() else { return nil }
        var decoder = UTF16()
        var units = [first, second].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&units) else { return nil }
        return String(scalar)
    }

    private mutating func codeUnit() -> UInt16? {
        guard bytes.count - position >= 4 else { return nil }
        defer { position += 4 }
        return UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    }
}
