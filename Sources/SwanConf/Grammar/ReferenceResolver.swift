import IKEWire

/// Turns drafts into sections by following their references.
///
/// A section takes from the sections that it names whatever it does not set itself: settings, and sections with all that
/// is in them. Names are looked up when everything was read, so that a reference may lead to what stands further down
/// or in another file, and to what a section itself inherited. Own settings come first, then those of the references
/// from left to right, each followed by what it inherits.
struct ReferenceResolver {
    private let root: SectionDraft
    /// What each path led to, since many sections name the same one.
    private var known: [String: Ancestry] = [:]
    /// Sections whose references are being followed, each named by the one before.
    private var following: [SectionDraft] = []
    /// What came of drafts that inherit nothing, which many sections may inherit as they are.
    private var merged: [ObjectIdentifier: Section] = [:]
    /// Counts the work against ``GrammarLimits/resolvedEntries``.
    private var entries = 0

    private init(root: SectionDraft) {
        self.root = root
    }

    /// - Returns: the tree below `root` with every reference followed.
    static func resolve(_ root: SectionDraft) throws(ConfigurationError) -> Section {
        var resolver = ReferenceResolver(root: root)
        // First all of them, so that each section is known to be referenced when it is built.
        try resolver.checkReferences(below: root, path: [])
        return try resolver.merge([root], depth: 0)
    }

    // MARK: - Building sections

    /// One section out of several drafts, of which the earlier ones win.
    private mutating func merge(_ drafts: [SectionDraft], depth: Int) throws(ConfigurationError) -> Section {
        guard let first = drafts.first else { return Section(name: "") }
        guard drafts.count == 1 else { return try merge(drafts, first, depth: depth) }
        if let section = merged[ObjectIdentifier(first)] { return section }
        let section = try merge(drafts, first, depth: depth)
        merged[ObjectIdentifier(first)] = section
        return section
    }

    private mutating func merge(
        _ drafts: [SectionDraft],
        _ first: SectionDraft,
        depth: Int
    ) throws(ConfigurationError) -> Section {
        guard depth <= GrammarLimits.sectionDepth else {
            throw failure(at: first.location, "through references this section contains itself")
        }
        var settings: [Setting] = []
        var names: [String] = []
        for (index, draft) in drafts.enumerated() {
            // Nothing comes twice within one draft.
            let earlier = drafts[..<index]
            for entry in draft.entries where !earlier.contains(where: { $0.sets(entry.key) }) {
                if let setting = entry.setting { settings.append(setting) }
            }
            for section in draft.sections where !earlier.contains(where: { $0.section(section.name) != nil }) {
                names.append(section.name)
            }
        }
        try count(settings.count + names.count, at: first.location)
        var sections: [Section] = []
        for name in names {
            var ancestry = Ancestry()
            for case let section? in drafts.map({ $0.section(name) }) {
                try append(section, to: &ancestry)
            }
            sections.append(try merge(ancestry.sections, depth: depth + 1))
        }
        return Section(
            name: first.name,
            settings: settings,
            sections: sections,
            location: first.location,
            isReferenced: drafts.contains { $0.isReferenced }
        )
    }

    // MARK: - Following references

    /// A section and what it inherits from, each once, the ones that win first.
    private struct Ancestry {
        private(set) var sections: [SectionDraft] = []
        /// How many references in a row the longest line of inheritance has.
        var depth = 0
        /// All of them, once they are more than a few.
        private var seen: Set<ObjectIdentifier> = []

        /// False when it was there already.
        mutating func append(_ section: SectionDraft) -> Bool {
            if sections.count < Self.few {
                guard !sections.contains(where: { $0 === section }) else { return false }
            } else {
                if seen.isEmpty { seen = Set(sections.map { ObjectIdentifier($0) }) }
                guard seen.insert(ObjectIdentifier(section)).inserted else { return false }
            }
            sections.append(section)
            return true
        }

        /// So many are looked through faster than a set is made.
        private static let few = 8
    }

    private mutating func append(_ section: SectionDraft, to ancestry: inout Ancestry) throws(ConfigurationError) {
        guard ancestry.append(section) else { return }
        try count(1, at: section.location)
        guard let first = section.references.first else { return }
        guard !following.contains(where: { $0 === section }) else {
            throw failure(at: first.location, "`\(section.name)` inherits from itself, directly or through others")
        }
        following.append(section)
        defer { following.removeLast() }
        for reference in section.references {
            // The first check keeps the recursion shallow, the second one holds in whatever order sections are met.
            guard following.count <= GrammarLimits.referenceDepth else {
                throw tooDeep(reference)
            }
            let inherited = try followed(by: reference)
            ancestry.depth = max(ancestry.depth, inherited.depth + 1)
            guard ancestry.depth <= GrammarLimits.referenceDepth else {
                throw tooDeep(reference)
            }
            for section in inherited.sections {
                _ = ancestry.append(section)
            }
        }
    }

    /// The section that a reference names, and what it inherits from.
    private mutating func followed(by reference: SectionDraft.Reference) throws(ConfigurationError) -> Ancestry {
        if let ancestry = known[reference.path] {
            try count(ancestry.sections.count, at: reference.location)
            return ancestry
        }
        var level = Ancestry()
        _ = level.append(root)
        var names = reference.path.split(separator: ".", omittingEmptySubsequences: false)[...]
        while !names.isEmpty {
            let matches = Self.matches(for: &names, in: level.sections)
            guard !matches.isEmpty else {
                let candidates = level.sections.flatMap(\.sections).prefix(GrammarLimits.suggestionCandidates).map(
                    \.name
                )
                throw failure(
                    at: reference.location,
                    "there is no section `\(reference.path)`",
                    suggestion: names.first.flatMap { Spelling.nearest(to: String($0), among: candidates) }
                )
            }
            level = Ancestry()
            for section in matches {
                section.isReferenced = true
                try append(section, to: &level)
            }
        }
        known[reference.path] = level
        return level
    }

    /// The sections called by the first of the names; by several joined with dots when none is, as names may hold dots.
    private static func matches(for names: inout ArraySlice<Substring>, in level: [SectionDraft]) -> [SectionDraft] {
        var length = 1
        while length <= names.count {
            let name = names.prefix(length).joined(separator: ".")
            let matches = level.compactMap { $0.section(name) }
            if !matches.isEmpty {
                names.removeFirst(length)
                return matches
            }
            length += 1
        }
        return []
    }

    /// Follows every reference once, also of sections that nothing else looks at.
    private mutating func checkReferences(below parent: SectionDraft, path: [String]) throws(ConfigurationError) {
        for section in parent.sections {
            let sectionPath = path + [section.name]
            for reference in section.references where Self.isOnWay(reference.path, to: sectionPath) {
                throw failure(at: reference.location, "a section cannot inherit from itself or from what it stands in")
            }
            if !section.references.isEmpty {
                var ancestry = Ancestry()
                try append(section, to: &ancestry)
            }
            if !section.sections.isEmpty { try checkReferences(below: section, path: sectionPath) }
        }
    }

    /// Whether a path leads to a section or to one that it stands in.
    private static func isOnWay(_ path: String, to names: [String]) -> Bool {
        (names.joined(separator: ".") + ".").hasPrefix(path + ".")
    }

    // MARK: - Failures

    private mutating func count(_ more: Int, at location: SourceLocation) throws(ConfigurationError) {
        entries += more
        guard entries <= GrammarLimits.resolvedEntries else {
            throw failure(at: location, "through references this configuration becomes too large")
        }
    }

    private func tooDeep(_ reference: SectionDraft.Reference) -> ConfigurationError {
        let limit = GrammarLimits.referenceDepth
        return failure(at: reference.location, "more than \(limit) sections inherit from each other in a row")
    }

    private func failure(
        at location: SourceLocation,
        _ message: String,
        suggestion: String? = nil
    ) -> ConfigurationError {
        ConfigurationError(at: SourcePlace(location), message, suggestion: suggestion)
    }
}
