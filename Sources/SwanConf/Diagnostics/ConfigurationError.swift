/// Why a configuration was refused: what is wrong, where, and what was probably meant.
///
/// Printed as compilers do, so that editors and terminals make the place a link:
/// ```
/// /etc/iked/iked.conf:12:9: a connection has no key `rekey_tme`, did you mean `rekey_time`?
///         rekey_tme = 4h
///         ^
/// ```
/// A section that came over the control socket has no file; its path (`connections.gw.children`) is said instead.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where it is wrong.
    package let place: SourcePlace
    /// What is wrong, and what would be right.
    package let message: String
    /// The spelling that was probably meant.
    package let suggestion: String?

    package init(at place: SourcePlace, _ message: String, suggestion: String? = nil) {
        self.place = place
        self.message = Printable.text(message)
        self.suggestion = suggestion
    }

    /// Empty for what came over the control socket.
    package var file: String { place.file }
    /// Counted from 1; 0 when unknown, as for a file that could not be opened.
    package var line: Int { place.line }
    /// Counted from 1; 0 when unknown.
    package var column: Int { place.column }

    /// One line, for a log or an answer on the control socket.
    package var summary: String {
        let hint = suggestion.map { ", did you mean `\($0)`?" } ?? ""
        return "\(place): \(message)\(hint)"
    }

    package var description: String { place.annotate(summary) }
}

/// What a configuration says without being wrong, but hardly on purpose.
package struct ConfigurationWarning: Equatable, Sendable, CustomStringConvertible {
    /// What it is about.
    package let place: SourcePlace
    /// What will not work as it is written.
    package let message: String

    init(at place: SourcePlace, _ message: String) {
        self.place = place
        self.message = Printable.text(message)
    }

    /// One line, for a log.
    package var summary: String { "\(place): warning: \(message)" }

    package var description: String { place.annotate(summary) }
}
