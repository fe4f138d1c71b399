/// Where an error or a warning points: a file, line and column with the line's text, or a path of section names.
package struct SourcePlace: Equatable, Sendable, CustomStringConvertible {
    /// Empty when there is none.
    package let file: String
    /// Counted from 1; 0 when unknown.
    package let line: Int
    /// Counted from 1, in characters; 0 when unknown.
    package let column: Int
    /// The line, safe to print: without control characters, and without what follows a `secret =`.
    let excerpt: String?
    /// Dotted names of sections and key, for what has no file.
    let path: String

    init(_ location: SourceLocation) {
        file = location.file
        line = location.line
        column = location.column
        excerpt = Printable.line(Self.withoutSecrets(location.lineText))
        path = ""
    }

    /// A place in a file where there is one, else a path.
    init(_ location: SourceLocation?, path: String) {
        if let location {
            self.init(location)
        } else {
            self.init(path: path)
        }
    }

    /// A file as a whole.
    init(file: String) {
        self.init(file: file, path: "")
    }

    /// What was built in code, such as a section that came over the control socket.
    init(path: String) {
        self.init(file: "", path: path)
    }

    private init(file: String, path: String) {
        self.file = file
        self.path = path
        line = 0
        column = 0
        excerpt = nil
    }

    package var description: String {
        guard !file.isEmpty else { return path }
        return line > 0 ? "\(file):\(line):\(column)" : file
    }

    /// The text, and under it the source line with a caret.
    func annotate(_ text: String) -> String {
        guard let excerpt else { return text }
        var pointer = ""
        for scalar in excerpt.unicodeScalars.prefix(max(column - 1, 0)) {
            // A tab is repeated, so that the caret stands right however wide tabs are shown.
            pointer += scalar == "\t" ? "\t" : " "
        }
        let caret = excerpt.unicodeScalars.count >= column - 1 ? "\n    \(pointer)^" : ""
        return "\(text)\n    \(excerpt)\(caret)"
    }

    /// Errors end up in logs and terminals, where a pre-shared key or a PIN must not.
    private static func withoutSecrets(_ line: String) -> String {
        let secretKeys = ["secret", "pin"]
        for (index, scalar) in zip(line.unicodeScalars.indices, line.unicodeScalars) where scalar == "=" {
            let key = line[..<index].unicodeScalars.split(whereSeparator: { " \t{}".unicodeScalars.contains($0) }).last
            if let key, secretKeys.contains(where: { String(key).lowercased().hasPrefix($0) }) {
                return "\(line[...index]) ..."
            }
        }
        return line
    }
}

/// Makes text from a file or a peer fit for a terminal and a log.
enum Printable {
    /// Replaces control characters but tabs one by one, so that columns stay.
    static func text(_ text: String) -> String {
        var printable = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            printable.append(scalar.properties.generalCategory == .control && scalar != "\t" ? "\u{FFFD}" : scalar)
        }
        return String(printable)
    }

    /// One line, cut where no terminal shows more of it.
    static func line(_ line: String) -> String {
        text(String(line.unicodeScalars.prefix(longestLine)))
    }

    private static let longestLine = 200
}
