/// A section of configuration: settings and sections in the order in which they were written.
///
/// The same tree comes out of a file, where everything has a location, and out of the control socket's `load-conn`,
/// where nothing has. An object that never changes, since a thousand connections may inherit the same settings.
package final class Section: Sendable {
    /// Empty for the section that holds everything.
    package let name: String
    /// In the order in which their keys appear first.
    package let settings: [Setting]
    /// In the order in which their names appear first.
    package let sections: [Section]
    /// Where the section's name stands first; nil when the section was built in code.
    package let location: SourceLocation?
    /// Whether another section inherits from this one or from one within it.
    package let isReferenced: Bool
    /// Those of the settings, which are looked through for each setting that there might be.
    private let keys: [String]

    /// A section that does not come from a file.
    package convenience init(name: String, settings: [Setting] = [], sections: [Section] = []) {
        self.init(name: name, settings: settings, sections: sections, location: nil, isReferenced: false)
    }

    init(
        name: String,
        settings: [Setting],
        sections: [Section],
        location: SourceLocation?,
        isReferenced: Bool
    ) {
        self.name = name
        self.settings = settings
        self.sections = sections
        self.location = location
        self.isReferenced = isReferenced
        keys = settings.map(\.key)
    }

    /// The setting of that key. As in a file, the last of several counts.
    package func setting(_ key: String) -> Setting? {
        keys.lastIndex(of: key).map { settings[$0] }
    }

    /// The section of that name.
    package func section(_ name: String) -> Section? {
        sections.last { $0.name == name }
    }
}

/// One `key = value`.
package final class Setting: Sendable {
    /// Letter case matters.
    package let key: String
    /// Never absent: an empty assignment leaves no setting.
    package let value: Value
    /// Where the key stands; nil when the setting was built in code.
    package let location: SourceLocation?
    /// Where the pieces of a text value stand.
    private let valueMap: ValueMap?

    /// What a setting is set to.
    package enum Value: Sendable, Equatable {
        /// What a file holds, lists as commas included.
        case text(String)
        /// A list of the control protocol.
        case list([String])
    }

    /// A setting that does not come from a file.
    package init(key: String, value: Value) {
        self.key = key
        self.value = value
        location = nil
        valueMap = nil
    }

    init(key: String, text: String, location: SourceLocation, valueMap: ValueMap) {
        self.key = key
        value = .text(text)
        self.location = location
        self.valueMap = valueMap
    }

    /// Where an octet of the value's text stands in the file.
    func location(ofValueOffset offset: Int) -> SourceLocation? {
        guard let location, let valueMap else { return nil }
        return SourceLocation(location.source, offset: valueMap.sourceOffset(of: offset) ?? location.offset)
    }
}

/// Leads from an octet of a value back to the source, although quotes, escapes and runs of blanks are gone from the value.
struct ValueMap: Sendable {
    /// Stretches that were copied verbatim, in rising order.
    private var runs: [(text: Int, source: Int)] = []

    /// What follows `text` in the value was copied from `source` on.
    mutating func addRun(text: Int, source: Int) {
        runs.append((text, source))
    }

    func sourceOffset(of textOffset: Int) -> Int? {
        guard let run = runs.last(where: { $0.text <= textOffset }) ?? runs.first else { return nil }
        return run.source + max(0, textOffset - run.text)
    }
}
