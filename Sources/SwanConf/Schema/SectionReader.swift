import IKEWire

/// Reads the settings of one section, having refused those that its vocabulary does not hold.
struct SectionReader {
    let section: Section
    let vocabulary: Vocabulary
    /// Dotted names that lead to the section, for errors where there is no file.
    let path: String

    /// Refuses settings and sections that are unknown or not supported.
    init(_ section: Section, as vocabulary: Vocabulary, path: String) throws(ConfigurationError) {
        self.section = section
        self.vocabulary = vocabulary
        self.path = path
        for setting in section.settings {
            try check(setting)
        }
        for section in section.sections {
            try check(section)
        }
    }

    /// An error about the section as a whole.
    func failure(_ message: String) -> ConfigurationError {
        ConfigurationError(at: place, message)
    }

    var place: SourcePlace {
        SourcePlace(section.location, path: path)
    }

    // MARK: - Values

    /// The value of a setting that takes one; nil when it is not set.
    func value(_ key: String) throws(ConfigurationError) -> SettingText? {
        guard let setting = section.setting(key) else { return nil }
        return try value(of: setting)
    }

    /// The one value of a setting; a list of the control protocol may hold it, too.
    func value(of setting: Setting) throws(ConfigurationError) -> SettingText {
        switch setting.value {
        case .text(let text):
            return SettingText(text: text, setting: setting, offset: 0, path: path)
        case .list(let items):
            guard let item = items.first, items.count == 1 else {
                let empty = SettingText(text: "", setting: setting, offset: 0, path: path)
                throw empty.failure("`\(setting.key)` takes one value, not \(items.count)")
            }
            return SettingText(text: item, setting: setting, offset: 0, path: path)
        }
    }

    /// The values of a setting that takes several: the items of a list, or what commas separate in a text.
    /// Nil when it is not set or nothing stands there, which means the default to swanctl.
    func list(_ key: String) throws(ConfigurationError) -> [SettingText]? {
        guard let setting = section.setting(key) else { return nil }
        let items: [SettingText]
        switch setting.value {
        case .text(let text):
            items = SettingText(text: text, setting: setting, offset: 0, path: path).splitAtCommas()
        case .list(let texts):
            items = texts.map { SettingText(text: $0, setting: setting, offset: 0, path: path) }
        }
        return items.isEmpty ? nil : items
    }

    /// The value of a setting as a parser makes it; nil when it is not set.
    /// - Parameter expected: what the setting takes, as it ends the sentence "`key` takes ...".
    func read<T>(
        _ key: String,
        _ expected: @autoclosure () -> String,
        _ parse: (String) -> T?
    ) throws(ConfigurationError) -> T? {
        guard let value = try value(key) else { return nil }
        guard let result = parse(value.text) else { throw value.unexpected(expected()) }
        return result
    }

    func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
        try read(key, "`yes` or `no`", Scalars.boolean)
    }

    func duration(_ key: String) throws(ConfigurationError) -> Duration? {
        try read(key, "a time such as `90s`, `30m`, `4h` or `1d`", Scalars.duration)
    }

    func integer<T: FixedWidthInteger>(_ key: String, in range: ClosedRange<T>) throws(ConfigurationError) -> T? {
        try read(key, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Scalars.integer(text).flatMap(T.init(exactly:)).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// One of several words, whose letter case does not matter.
    func choice<T>(
        _ key: String,
        _ words: @autoclosure () -> KeyValuePairs<String, T>
    ) throws(ConfigurationError) -> T? {
        guard let value = try value(key) else { return nil }
        let words = words()
        let word = value.text.lowercased()
        guard let choice = words.first(where: { $0.key == word }) else {
            throw value.unexpected(
                words.map { "`\($0.key)`" }.joined(separator: " or "),
                suggestion: Spelling.nearest(to: value.text, among: words.map(\.key))
            )
        }
        return choice.value
    }

    /// Refuses by name what swanctl does and iked does not yet.
    func refuse(_ words: [String], of key: String) throws(ConfigurationError) {
        if let value = try value(key), words.contains(value.text.lowercased()) {
            throw value.failure("`\(key) = \(value.text)` is known to swanctl, but not supported yet by iked")
        }
    }

    // MARK: - Checks

    private func check(_ setting: Setting) throws(ConfigurationError) {
        switch vocabulary.settings[setting.key] {
        case .read:
            return
        case .inert(let inert):
            let value = try value(of: setting)
            if !inert.accepts(value.text) {
                let accepted = inert.examples.map { "`\(setting.key) = \($0)`" }.joined(separator: " or ")
                throw value.failure(
                    "`\(setting.key) = \(value.text)` is not supported yet by iked, only \(accepted)" + value.hint
                )
            }
        case .unsupported:
            throw refusal(setting, "`\(setting.key)` is known to \(vocabulary.dialect), but not supported yet by iked")
        case nil:
            if !vocabulary.readsAlso(setting.key) {
                throw unknown(setting)
            }
        }
    }

    private func unknown(_ setting: Setting) -> ConfigurationError {
        let key = setting.key
        if vocabulary.sections.contains(where: { $0.name == key }) {
            return refusal(setting, "`\(key)` is a section, write `\(key) { ... }`")
        }
        let homes = Vocabulary.all.filter { $0.settings[key] != nil }
        return refusal(
            setting,
            "\(vocabulary.subject) has no setting `\(key)`" + Self.advice(homes),
            suggestion: homes.isEmpty ? Spelling.nearest(to: key, among: vocabulary.names) : nil
        )
    }

    /// Says where a known name would be right.
    private static func advice(_ homes: [Vocabulary]) -> String {
        homes.isEmpty ? "" : ", it belongs in " + homes.map { "`\($0.path)`" }.joined(separator: " or ")
    }

    private func check(_ inner: Section) throws(ConfigurationError) {
        var place: SourcePlace { SourcePlace(inner.location, path: "\(path).\(inner.name)") }
        guard let rule = vocabulary.rule(forSection: inner.name) else {
            if vocabulary.settings[inner.name] != nil {
                throw ConfigurationError(at: place, "`\(inner.name)` is a setting, write `\(inner.name) = ...`")
            }
            let homes = Vocabulary.all.filter { home in home.sections.contains { $0.name == inner.name } }
            throw ConfigurationError(
                at: place,
                "\(vocabulary.subject) has no section `\(inner.name)`" + Self.advice(homes),
                suggestion: homes.isEmpty ? Spelling.nearest(to: inner.name, among: vocabulary.names) : nil
            )
        }
        guard rule.isSupported else {
            throw ConfigurationError(
                at: place,
                "`\(rule.name)` sections are known to \(vocabulary.dialect), but not supported yet by iked"
            )
        }
    }

    /// An error that points at the key.
    private func refusal(_ setting: Setting, _ message: String, suggestion: String? = nil) -> ConfigurationError {
        ConfigurationError(
            at: SourcePlace(setting.location, path: "\(path).\(setting.key)"),
            message,
            suggestion: suggestion
        )
    }
}
