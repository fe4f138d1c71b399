/// How much configuration is read. Generous beside any real file; they keep a mistake such as `include /dev/zero`
/// or sections that double through references from taking the memory of the machine.
enum GrammarLimits {
    /// Octets of one file.
    static let fileSize = 16 << 20
    /// Octets of all files together.
    static let totalSize = 64 << 20
    /// Files that one configuration may include.
    static let includedFiles = 4096
    /// Files that are open inside each other.
    static let includeDepth = 16
    /// Sections within sections. The schema needs five levels; parsing recurses once for each.
    static let sectionDepth = 32
    /// Octets of a name or key: what one octet of length can carry on the control socket.
    static let nameLength = 255
    /// Sections that one section may inherit from.
    static let references = 64
    /// Sections that inherit from each other in a row.
    static let referenceDepth = 16
    /// Settings and sections after references were followed, and steps to follow them.
    static let resolvedEntries = 1_000_000
    /// Names that are compared with a misspelt one.
    static let suggestionCandidates = 1000
}
