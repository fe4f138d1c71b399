/// One file (or text) of configuration as it was read, kept so that an error can show the line it speaks of.
package final class SourceText: Sendable {
    /// The path as the reader of an error knows it.
    package let name: String
    /// The contents: valid UTF-8 without NUL.
    let bytes: [UInt8]
    /// Where each line starts, so that a configuration with many errors or warnings is not counted through for each.
    private let lineStarts: [Int]

    /// - Precondition: `bytes` were checked by ``firstInvalidLine(in:)``.
    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        var lineStarts = [0]
        for (offset, octet) in bytes.enumerated() where octet == Octet.lineFeed { lineStarts.append(offset + 1) }
        self.lineStarts = lineStarts
    }

    /// The line that an octet stands in: its number counted from 1, and where it starts.
    func line(at offset: Int) -> (number: Int, start: Int) {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if lineStarts[middle] <= offset {
                low = middle
            } else {
                high = middle
            }
        }
        return (low + 1, lineStarts[low])
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

/// A place in a source text.
package struct SourceLocation: Sendable {
    /// The text.
    package let source: SourceText
    /// Octets from the start of the text.
    let offset: Int

    init(_ source: SourceText, offset: Int) {
        self.source = source
        self.offset = min(max(offset, 0), source.bytes.count)
    }

    /// The file's path.
    package var file: String { source.name }

    /// Counted from 1.
    package var line: Int { source.line(at: offset).number }

    /// Counted from 1, in characters rather than octets, as editors do.
    package var column: Int {
        let start = source.line(at: offset).start
        return String(decoding: source.bytes[start..<offset], as: UTF8.self).unicodeScalars.count + 1
    }

    /// The line itself, without its end.
    var lineText: String {
        let rest = source.bytes[offset...]
        let end = rest.firstIndex(of: Octet.lineFeed) ?? rest.endIndex
        return String(decoding: source.bytes[source.line(at: offset).start..<end], as: UTF8.self)
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
