/// A whole configuration as the grammar sees it: a tree of sections and settings whose references were followed.
package enum SettingsTree {
    /// Reads a file and what it includes.
    /// - Returns: a section without a name that holds everything.
    package static func load(path: String) throws(ConfigurationError) -> Section {
        let root = emptyRoot(file: path)
        try ParsingSession().parseFile(path, into: root)
        return try ReferenceResolver.resolve(root)
    }

    /// Reads a text as if it stood in a file of that name, which errors name and includes are relative to.
    package static func parse(_ text: String, file: String) throws(ConfigurationError) -> Section {
        let root = emptyRoot(file: file)
        try ParsingSession().parse(text, file: file, into: root)
        return try ReferenceResolver.resolve(root)
    }

    private static func emptyRoot(file: String) -> SectionDraft {
        SectionDraft(name: "", location: SourceLocation(SourceText(name: file, bytes: []), offset: 0))
    }
}
