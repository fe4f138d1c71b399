/// UTF-8 on its way out, written whenever enough of it has come together: a status of a thousand SAs is long.
struct Page {
    /// What waits to be written.
    var text: [UInt8] = []
    private let write: (String) -> Void

    private static let enough = 64 * 1024

    init(_ write: @escaping (String) -> Void) {
        self.write = write
    }

    /// All that `body` adds, for who has no use for parts.
    static func text(_ body: (inout Page) -> Void) -> String {
        var text = ""
        var page = Page { text += $0 }
        body(&page)
        page.flush()
        return text
    }

    mutating func add(_ line: Line) {
        text += line.text
        endLine()
    }

    mutating func endLine() {
        text.append(UInt8(ascii: "\n"))
        settle()
    }

    /// Writes what has come together, if it is enough. To be called where something ends.
    mutating func settle() {
        if text.count >= Self.enough { flush() }
    }

    mutating func flush() {
        guard !text.isEmpty else { return }
        write(String(decoding: text, as: UTF8.self))
        text.removeAll(keepingCapacity: true)
    }
}
