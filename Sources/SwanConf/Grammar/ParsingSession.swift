/// What the files of one configuration share while they are read: who includes whom, and how much was read.
final class ParsingSession {
    /// Canonical paths of the files that are open, the including before the included.
    private var openFiles: [String] = []
    private var includedFiles = 0
    private var totalSize = 0

    /// Reads a file and all that it includes.
    func parseFile(_ path: String, into section: SectionDraft) throws(ConfigurationError) {
        let source = try read(path, includedFrom: nil)
        openFiles.append(FileAccess.canonicalPath(path))
        defer { openFiles.removeLast() }
        try Parser.parse(source, into: section, depth: 0, session: self)
    }

    /// Reads a text as if it stood in the file of that name, which includes are relative to.
    func parse(_ text: String, file: String, into section: SectionDraft) throws(ConfigurationError) {
        let source = try makeSource(name: file, bytes: Array(text.utf8), includedFrom: nil)
        openFiles.append(FileAccess.canonicalPath(file))
        defer { openFiles.removeLast() }
        try Parser.parse(source, into: section, depth: 0, session: self)
    }

    /// Reads the files that match a pattern into a section, in the order of their names.
    ///
    /// A wildcard may match nothing, a plain path must exist.
    func include(
        _ pattern: String,
        from location: SourceLocation,
        into section: SectionDraft,
        depth: Int
    ) throws(ConfigurationError) {
        guard !pattern.isEmpty else {
            throw refusal(location, "`include` needs a path or a pattern such as `conf.d/*.conf`")
        }
        guard openFiles.count < GrammarLimits.includeDepth else {
            throw refusal(location, "files include each other deeper than \(GrammarLimits.includeDepth) levels")
        }
        let absolute = Self.resolve(pattern, relativeTo: location.file)
        var paths: [String]
        do throws(FileError) {
            paths = try FileAccess.paths(matching: absolute)
        } catch {
            throw refusal(location, "cannot look for files matching `\(absolute)`: \(error.reason)")
        }
        if paths.isEmpty, !pattern.contains(where: { "*?[".contains($0) }) {
            throw refusal(location, "the included file `\(absolute)` does not exist")
        }
        paths.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for path in paths {
            try includeFile(path, from: location, into: section, depth: depth)
        }
    }

    private func includeFile(
        _ path: String,
        from location: SourceLocation,
        into section: SectionDraft,
        depth: Int
    ) throws(ConfigurationError) {
        let canonical = FileAccess.canonicalPath(path)
        guard !openFiles.contains(canonical) else {
            throw refusal(location, "`\(path)` includes itself, directly or through other files")
        }
        includedFiles += 1
        guard includedFiles <= GrammarLimits.includedFiles else {
            throw refusal(location, "more than \(GrammarLimits.includedFiles) files are included")
        }
        let source = try read(path, includedFrom: location)
        openFiles.append(canonical)
        defer { openFiles.removeLast() }
        try Parser.parse(source, into: section, depth: depth, session: self)
    }

    private func read(_ path: String, includedFrom location: SourceLocation?) throws(ConfigurationError) -> SourceText {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileAccess.read(path, limit: GrammarLimits.fileSize, regularOnly: location != nil)
        } catch {
            let place = location.map(SourcePlace.init) ?? SourcePlace(file: path)
            let subject = location == nil ? "this file" : "`\(path)`"
            throw ConfigurationError(at: place, "cannot read \(subject): \(error.reason)")
        }
        return try makeSource(name: path, bytes: bytes, includedFrom: location)
    }

    /// Checks that the octets are text and within the limits.
    private func makeSource(
        name: String,
        bytes: [UInt8],
        includedFrom location: SourceLocation?
    ) throws(ConfigurationError) -> SourceText {
        totalSize += bytes.count
        guard bytes.count <= GrammarLimits.fileSize, totalSize <= GrammarLimits.totalSize else {
            let place = location.map(SourcePlace.init) ?? SourcePlace(file: name)
            throw ConfigurationError(at: place, "the configuration is larger than iked reads")
        }
        let source = SourceText(name: name, bytes: bytes)
        if let offset = SourceText.firstInvalidLine(in: bytes) {
            let place = SourcePlace(SourceLocation(source, offset: offset))
            throw ConfigurationError(at: place, "this line is not UTF-8 text")
        }
        return source
    }

    /// Relative patterns start in the directory of the file that includes.
    private static func resolve(_ pattern: String, relativeTo file: String) -> String {
        guard !pattern.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return pattern }
        return file[...slash] + pattern
    }

    private func refusal(_ location: SourceLocation, _ message: String) -> ConfigurationError {
        ConfigurationError(at: SourcePlace(location), message)
    }
}
