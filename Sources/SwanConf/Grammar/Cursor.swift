/// Reads a source text octet by octet; never reads past its end.
struct Cursor {
    let source: SourceText
    private(set) var offset = 0

    init(_ source: SourceText) {
        self.source = source
    }

    /// The next octet, nil at the end of the text.
    var next: UInt8? { peek(0) }

    func peek(_ distance: Int) -> UInt8? {
        let index = offset + distance
        return index < source.bytes.count ? source.bytes[index] : nil
    }

    var location: SourceLocation { SourceLocation(source, offset: offset) }

    mutating func advance(_ count: Int = 1) {
        offset = min(offset + count, source.bytes.count)
    }

    /// Skips octets while they satisfy the condition and returns them.
    @discardableResult
    mutating func take(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let rest = source.bytes[offset...]
        let end = rest.firstIndex { !condition($0) } ?? rest.endIndex
        let taken = source.bytes[offset..<end]
        offset = end
        return taken
    }

    mutating func skipBlanks() {
        take(while: Octet.isBlank)
    }

    /// Skips what may stand between statements: blanks, ends of lines and comments.
    mutating func skipBlanksLinesAndComments() {
        while let octet = next {
            if octet == Octet.hash {
                take { $0 != Octet.lineFeed }
            } else if octet == Octet.lineFeed || Octet.isBlank(octet) {
                advance()
            } else {
                return
            }
        }
    }
}
