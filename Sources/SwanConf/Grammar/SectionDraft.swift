/// A section while its file is being read: sections of one name merge, the last value of a key wins,
/// and references are noted to be followed once everything was read.
final class SectionDraft {
    let name: String
    /// Where the name stands first.
    let location: SourceLocation
    private var namedEntries = NamedList<Entry>()
    private var namedSections = NamedList<SectionDraft>()
    private(set) var references: [Reference] = []
    /// Set once a reference leads through this section.
    var isReferenced = false

    /// A key with its value; an empty assignment leaves none, which also hides what would be inherited.
    struct Entry {
        let key: String
        let setting: Setting?
    }

    /// The path of a section whose settings are defaults for this one.
    struct Reference {
        let path: String
        let location: SourceLocation
    }

    init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
    }

    /// The section of that name, made when there is none yet.
    func section(_ name: String, location: SourceLocation) -> SectionDraft {
        if let existing = section(name) {
            return existing
        }
        let draft = SectionDraft(name: name, location: location)
        namedSections.set(name, draft)
        return draft
    }

    /// In the order in which they appear first.
    var sections: [SectionDraft] { namedSections.elements }

    func section(_ name: String) -> SectionDraft? { namedSections[name] }

    /// In the order in which their keys appear first.
    var entries: [Entry] { namedEntries.elements }

    /// Whether the key is set here, or unset.
    func sets(_ key: String) -> Bool { namedEntries.position(of: key) != nil }

    func set(_ key: String, to setting: Setting?) {
        namedEntries.set(key, Entry(key: key, setting: setting))
    }

    func addReference(_ reference: Reference) {
        if !references.contains(where: { $0.path == reference.path }) {
            references.append(reference)
        }
    }
}
