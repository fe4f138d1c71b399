extension Line {
    /// Adds words, one blank between them, and goes on in a new line where the next one does not fit.
    ///
    /// - Parameter next: makes a new line, at the column where it is to go on.
    func filled(
        with words: [(text: String, style: Palette.Style)],
        next: () -> Line
    ) -> [Line] {
        var lines: [Line] = []
        var line = self
        var isFirst = true
        for word in words {
            let needed = Columns.shownCount(of: word.text) + (isFirst ? 0 : 1)
            if !isFirst, !line.hasRoom(for: needed) {
                lines.append(line)
                line = next()
                isFirst = true
            }
            if !isFirst { line.skip(1) }
            line.add(word.text, word.style)
            isFirst = false
        }
        return lines + [line]
    }

    /// Adds the traffic selectors of both ends: `10.1.0.0/16 ⇄ 10.2.0.0/16, 10.3.0.0/16`.
    func filled(withLocal local: [String], remote: [String], palette: Palette, next: () -> Line) -> [Line] {
        let local = Self.withCommas(local).map { (text: $0, style: Palette.Style.plain) }
        let remote = Self.withCommas(remote).map { (text: $0, style: Palette.Style.plain) }
        return filled(with: local + [(palette.both, .quiet)] + remote, next: next)
    }

    /// The items of a list as words: all but the last with a comma.
    static func withCommas(_ items: [String]) -> [String] {
        items.count > 1 ? items.dropLast().map { $0 + "," } + items.suffix(1) : items
    }
}
