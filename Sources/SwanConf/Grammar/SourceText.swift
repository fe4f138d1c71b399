/// One file (or text) of configuration as it was read, kept so that an error can show the line it speaks of.
package final class SourceText: Sendable {
    /// The path as the reader of an error knows it.
    package let name: String
    /// The contents: valid UTF-8 without NUL.
    let bytes: [UInt8]

    /// - Precondition: `bytes` were checked by ``firstInvalidLine(in:)``.
    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Offset of the first line that is not UTF-8 or holds a NUL, which no value can carry. Nil when all is text.
    static func firstInvalidLine(in bytes: [UInt8]) -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) {
            return nil
        }
        var start = 0
        for line in bytes.split(separator: Octet.lineFeed, omittingEmptySubsequences: false) {
            if String(validating: line, as: UTF8.self) == nil || line.contains(0) {
                return start
            }
            start += line.count + 1
        }
        return 0
    }
}

/// A place in a source text. Lines and columns are worked out only when somebody looks.
package struct SourceLocation: Sendable {
    package let source: SourceText
    /// Octets from the start of the text.
    let offset: Int

    init(_ source: SourceText, offset: Int) {
        self.source = source
        self.offset = min(max(offset, 0), source.bytes.count)
    }

    package var file: String { source.name }

    /// Counted from 1.
    package var line: Int {
        source.bytes[..<offset].reduce(1) { count, byte in byte == Octet.lineFeed ? count + 1 : count }
    }

    /// Counted from 1, in characters rather than octets, as editors do.
    package var column: Int {
        String(decoding: source.bytes[lineStart..<offset], as: UTF8.self).unicodeScalars.count + 1
    }

    /// The line itself, without its end.
    var lineText: String {
        let rest = source.bytes[offset...]
        let end = rest.firstIndex(of: Octet.lineFeed) ?? rest.endIndex
        return String(decoding: source.bytes[lineStart..<end], as: UTF8.self)
    }

    private var lineStart: Int {
        source.bytes[..<offset].lastIndex(of: Octet.lineFeed).map { $0 + 1 } ?? 0
    }
}

/// The octets that mean something to the grammar.
enum Octet {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let hash = UInt8(ascii: "#")
    static let openingBrace = UInt8(ascii: "{")
    static let closingBrace = UInt8(ascii: "}")
    static let colon = UInt8(ascii: ":")
    static let comma = UInt8(ascii: ",")
    static let equals = UInt8(ascii: "=")
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
}

extension Octet {
    /// Carriage returns count as blanks, so that files from Windows read alike.
    static func isBlank(_ octet: UInt8) -> Bool {
        octet == space || octet == tab || octet == carriageReturn
    }

    /// What ends a value or a pattern that is not quoted.
    static func endsStatement(_ octet: UInt8) -> Bool {
        octet == lineFeed || octet == hash || octet == closingBrace
    }
}
