/// A line of a table under construction: pieces of text, each made printable, padded and coloured, that never pass the limit.
struct Line {
    private let palette: Palette
    private let limit: Int
    /// UTF-8.
    private(set) var text: [UInt8] = []
    /// Spaces owed: they are written before the next piece only, so that no line ends in blanks.
    private var gap = 0
    /// How many columns the line takes, with the gap in front of the next piece.
    private(set) var column = 0

    enum Alignment { case left, right }

    init(_ palette: Palette, limit: Int = Self.standardLimit) {
        self.palette = palette
        self.limit = limit
    }

    /// The columns that every table fits.
    static let standardLimit = 100

    /// Adds text; with a width it is a cell of the table, shortened from its middle and padded; without one it is running
    /// text, cut at the end of the line.
    mutating func add(
        _ piece: String,
        _ style: Palette.Style = .plain,
        width: Int? = nil,
        _ alignment: Alignment = .left
    ) {
        let room = limit - column
        // Half a number says something wrong; rather none, in a window that is too narrow.
        if let width, alignment == .right, width > room { return skip(room) }
        let most = min(width ?? room, room)
        var text = piece
        var count = text.utf8.count
        // Almost everything is plain and fits.
        if count > most || !Columns.isPlain(text) {
            text = Columns.printable(text)
            text =
                width == nil
                ? Columns.cut(text, to: most, ellipsis: palette.ellipsis)
                : Columns.shorten(text, to: most, ellipsis: palette.ellipsis)
            count = Columns.count(of: text)
        }
        let padding = (width ?? count) - count
        if alignment == .right { skip(padding) }
        append(text, columns: count, style)
        if alignment == .left { skip(padding) }
    }

    private mutating func append(_ piece: String, columns: Int, _ style: Palette.Style) {
        guard !piece.isEmpty else { return }
        if text.isEmpty { text.reserveCapacity(limit) }
        for _ in 0..<gap { text.append(UInt8(ascii: " ")) }
        gap = 0
        palette.paint(piece, style, into: &text)
        column += columns
    }

    /// Leaves columns empty.
    mutating func skip(_ count: Int) {
        let count = max(min(count, limit - column), 0)
        gap += count
        column += count
    }

    /// Goes on at a column, or after one blank if the line is there already.
    mutating func move(to target: Int) {
        skip(column < target || target == 0 ? target - column : 1)
    }

    func hasRoom(for count: Int) -> Bool { column + count <= limit }

    var rendered: String { String(decoding: text, as: UTF8.self) }
}
