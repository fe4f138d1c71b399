/// A section while its file is being read: sections of one name merge, the last value of a key wins,
/// and references are noted to be followed once everything was read.
final class SectionDraft {
    let name: String
    /// Where the name stands first.
    let location: SourceLocation
    private(set) var entries: [Entry] = []
    private(set) var sections: [SectionDraft] = []
    private(set) var references: [Reference] = []
    /// Set once a reference leads through this section.
    var isReferenced = false

    private var entryIndex: [String: Int] = [:]
    private var sectionIndex: [String: Int] = [:]

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
        sectionIndex[name] = sections.count
        sections.append(draft)
        return draft
    }

    func section(_ name: String) -> SectionDraft? {
        sectionIndex.isEmpty ? nil : sectionIndex[name].map { sections[$0] }
    }

    /// Whether the key is set here, or unset.
    func sets(_ key: String) -> Bool { !entryIndex.isEmpty && entryIndex[key] != nil }

    func set(_ key: String, to setting: Setting?) {
        let entry = Entry(key: key, setting: setting)
        if let index = entryIndex[key] {
            entries[index] = entry
        } else {
            entryIndex[key] = entries.count
            entries.append(entry)
        }
    }

    func addReference(_ reference: Reference) {
        if !references.contains(where: { $0.path == reference.path }) {
            references.append(reference)
        }
    }
}
