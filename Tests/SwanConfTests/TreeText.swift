import SwanConf
import Testing

/// Writes a section as one line, `a = 1; sub { b = 2 }`, so that a test compares trees as text.
func flat(_ section: Section) -> String {
    let settings = section.settings.map { setting in
        switch setting.value {
        case .text(let text): "\(setting.key) = \(text)"
        case .list(let items): "\(setting.key) = [\(items.joined(separator: "|"))]"
        }
    }
    let sections = section.sections.map { "\($0.name) { \(flat($0)) }".replacing("{  }", with: "{ }") }
    return (settings + sections).joined(separator: "; ")
}

/// The tree of a text, as ``flat(_:)`` writes it.
func tree(_ text: String) throws -> String {
    flat(try SettingsTree.parse(text, file: "test.conf"))
}

/// The error that a text is refused with.
func refusal(of text: String) throws -> ConfigurationError {
    try #require(throws: ConfigurationError.self) { try SettingsTree.parse(text, file: "test.conf") }
}
