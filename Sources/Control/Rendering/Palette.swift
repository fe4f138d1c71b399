/// What a terminal can show: colours or none, Unicode or ASCII.
package struct Palette: Equatable, Sendable {
    package var hasColor: Bool
    package var hasUnicode: Bool

    package init(hasColor: Bool, hasUnicode: Bool) {
        self.hasColor = hasColor
        self.hasUnicode = hasUnicode
    }

    /// Colours only on a terminal that is not `dumb`, and not when NO_COLOR is set (https://no-color.org); Unicode when the
    /// locale says UTF-8.
    package init(isTerminal: Bool, environment: (String) -> String?) {
        func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        hasColor = isTerminal && value("NO_COLOR") == nil && value("TERM") != "dumb"
        let locale = value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? ""
        hasUnicode = ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }

    /// How a piece of text stands out.
    enum Style: Sendable {
        case plain
        case strong
        /// Labels and what matters least.
        case quiet
        case good
        case warning
        case bad

        fileprivate var code: String? {
            switch self {
            case .plain: nil
            case .strong: "1"
            case .quiet: "2"
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            }
        }
    }

    func paint(_ text: String, _ style: Style) -> String {
        guard hasColor, !text.isEmpty, let code = style.code else { return text }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    /// The same, added to UTF-8.
    func paint(_ text: String, _ style: Style, into output: inout [UInt8]) {
        var painted = hasColor ? paint(text, style) : text
        painted.withUTF8 { output.append(contentsOf: $0) }
    }

    /// Whether a text is one of the signs below that are not ASCII, each of which takes a column.
    static func isSign(_ text: String) -> Bool {
        text == "●" || text == "⇄" || text == "○" || text == "◐" || text == "…"
    }

    /// Marks what is up.
    var filled: String { hasUnicode ? "●" : "*" }
    /// Marks what is on its way, or only partly up.
    var half: String { hasUnicode ? "◐" : "~" }
    /// Marks what is down.
    var hollow: String { hasUnicode ? "○" : "o" }
    /// The mark and colour of an SA.
    func mark(isUp: Bool) -> (mark: String, style: Style) {
        isUp ? (filled, .good) : (half, .warning)
    }

    /// Between the two ends of a tunnel.
    var both: String { hasUnicode ? "⇄" : "<->" }
    /// Where text was left out.
    var ellipsis: String { hasUnicode ? "…" : "..." }
}
