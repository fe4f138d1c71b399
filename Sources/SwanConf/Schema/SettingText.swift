/// A value, or one item of a list, with the place that errors about it point at.
struct SettingText {
    let text: String
    let setting: Setting
    /// Octets from the start of the setting's value to this item.
    let offset: Int
    /// Dotted names of the section.
    let path: String

    /// An error that points at this value, or at an octet within it.
    func failure(_ message: String, at octet: Int = 0, suggestion: String? = nil) -> ConfigurationError {
        ConfigurationError(at: place(of: octet), message, suggestion: suggestion)
    }

    /// The error for a value of another form than the setting takes.
    func unexpected(_ expected: String, suggestion: String? = nil) -> ConfigurationError {
        failure("`\(setting.key)` takes \(expected), not `\(text)`" + hint, suggestion: suggestion)
    }

    func place(of octet: Int = 0) -> SourcePlace {
        SourcePlace(setting.location(ofValueOffset: offset + octet), path: "\(path).\(setting.key)")
    }

    /// Says what has happened when a value swallowed the next setting of its line.
    var hint: String {
        text.contains(" = ") ? " (a value ends with its line, so write one setting on a line)" : ""
    }

    /// The items between commas, trimmed; empty ones do not count.
    func splitAtCommas() -> [SettingText] {
        // Most lists have one item.
        if !text.utf8.contains(where: { $0 == Octet.comma || Self.isBlank($0) }) { return text.isEmpty ? [] : [self] }
        let octets = Array(text.utf8)
        return octets.indices.split(omittingEmptySubsequences: true) { octets[$0] == Octet.comma }.compactMap { item in
            guard let first = item.first(where: { !Self.isBlank(octets[$0]) }),
                let last = item.last(where: { !Self.isBlank(octets[$0]) })
            else { return nil }
            let text = String(decoding: octets[first...last], as: UTF8.self)
            return SettingText(text: text, setting: setting, offset: offset + first, path: path)
        }
    }

    private static func isBlank(_ octet: UInt8) -> Bool {
        Octet.isBlank(octet) || octet == Octet.lineFeed
    }
}
