/// Reads the grammar of strongSwan's settings files:
///
///     settings   := (section | setting | include)*
///     section    := name [ ":" references ] "{" settings "}"
///     references := path ("," path)*            path := name ("." name)*
///     setting    := name "=" [value]            ended by the end of the line, "}" or "#"
///     include    := "include" pattern           relative to the including file's directory
///
/// Names hold anything but blanks and `# { } : , = "`; a colon in a name is written twice. Between a name and what
/// follows it, ends of lines and comments may stand. A value is a row of words and quoted strings, joined by single
/// spaces. Sections of one name merge, and the last of several values of a key wins; an empty value unsets the key.
///
/// Where strongSwan shrugs (an included file that is missing, a reference that leads nowhere or in a circle,
/// a brace that an included file leaves open), this parser refuses: such files do not mean what they say.
struct Parser {
    private var cursor: Cursor
    private let session: ParsingSession

    /// Reads all statements of a text into the section.
    static func parse(
        _ source: SourceText,
        into section: SectionDraft,
        depth: Int,
        session: ParsingSession
    ) throws(ConfigurationError) {
        var parser = Parser(cursor: Cursor(source), session: session)
        parser.skipByteOrderMark()
        try parser.parseStatements(into: section, depth: depth, openedAt: nil)
    }

    /// Some editors of Windows start a file with one.
    private mutating func skipByteOrderMark() {
        if cursor.peek(0) == 0xEF, cursor.peek(1) == 0xBB, cursor.peek(2) == 0xBF {
            cursor.advance(3)
        }
    }

    /// - Parameter openedAt: the section's name when a `}` must end the statements, nil when the end of the text does.
    private mutating func parseStatements(
        into section: SectionDraft,
        depth: Int,
        openedAt: SourceLocation?
    ) throws(ConfigurationError) {
        while true {
            cursor.skipBlanksLinesAndComments()
            guard let octet = cursor.next else {
                if let openedAt {
                    throw failure(at: openedAt, "this section is not closed, its `}` is missing")
                }
                return
            }
            switch octet {
            case Octet.closingBrace:
                guard openedAt != nil else {
                    throw failure(at: cursor.location, "this `}` closes nothing")
                }
                cursor.advance()
                return
            case Octet.quote:
                throw failure(at: cursor.location, "only values can be quoted, names cannot")
            case _ where !Octet.isName(octet) && !startsDoubledColon:
                let symbol = String(decoding: [octet], as: UTF8.self)
                throw failure(at: cursor.location, "a name must stand before `\(symbol)`")
            case _ where startsInclude:
                try parseInclude(into: section, depth: depth)
            default:
                try parseSectionOrSetting(into: section, depth: depth)
            }
        }
    }

    // MARK: - Sections and settings

    private mutating func parseSectionOrSetting(into parent: SectionDraft, depth: Int) throws(ConfigurationError) {
        let location = cursor.location
        let name = try parseName()
        cursor.skipBlanksLinesAndComments()
        switch cursor.next {
        case Octet.equals:
            cursor.advance()
            let value = try ValueScanner.scan(&cursor)
            let setting = value.map { Setting(key: name, text: $0.text, location: location, valueMap: $0.map) }
            parent.set(name, to: setting)
        case Octet.openingBrace, Octet.colon:
            guard depth < GrammarLimits.sectionDepth else {
                throw failure(at: location, "sections are nested deeper than \(GrammarLimits.sectionDepth) levels")
            }
            let section = parent.section(name, location: location)
            if cursor.next == Octet.colon {
                try parseReferences(of: section)
            }
            cursor.advance()
            try parseStatements(into: section, depth: depth + 1, openedAt: location)
        default:
            // The name is not repeated: it may be the rest of an unquoted secret that holds a `}`.
            throw failure(at: location, "after this name `= value` or `{` is missing")
        }
    }

    /// Reads from the colon to the opening brace, which is left.
    private mutating func parseReferences(of section: SectionDraft) throws(ConfigurationError) {
        repeat {
            cursor.advance()
            cursor.skipBlanksLinesAndComments()
            let location = cursor.location
            guard let octet = cursor.next, Octet.isName(octet) else {
                throw failure(at: location, "the path of a section must stand here, such as `connections.gateway`")
            }
            guard section.references.count < GrammarLimits.references else {
                throw failure(at: location, "a section inherits from more than \(GrammarLimits.references) others")
            }
            section.addReference(.init(path: try parseName(), location: location))
            cursor.skipBlanksLinesAndComments()
        } while cursor.next == Octet.comma
        guard cursor.next == Octet.openingBrace else {
            throw failure(at: cursor.location, "after the paths of sections `,` or `{` must follow")
        }
    }

    private mutating func parseName() throws(ConfigurationError) -> String {
        let location = cursor.location
        var name = Array(cursor.take(while: Octet.isName))
        while startsDoubledColon {
            name.append(Octet.colon)
            cursor.advance(2)
            name += cursor.take(while: Octet.isName)
        }
        guard name.count <= GrammarLimits.nameLength else {
            throw failure(at: location, "this name is longer than \(GrammarLimits.nameLength) octets")
        }
        return String(decoding: name, as: UTF8.self)
    }

    private var startsDoubledColon: Bool {
        cursor.next == Octet.colon && cursor.peek(1) == Octet.colon
    }

    // MARK: - Includes

    /// `include` followed by blanks and anything but `=`, which would make it a key.
    private var startsInclude: Bool {
        guard cursor.next == UInt8(ascii: "i") else { return false }
        var ahead = cursor
        guard ahead.take(while: Octet.isName).elementsEqual("include".utf8) else { return false }
        let blanks = ahead.take(while: Octet.isBlank)
        return !blanks.isEmpty && ahead.next != Octet.equals
    }

    private mutating func parseInclude(into section: SectionDraft, depth: Int) throws(ConfigurationError) {
        let location = cursor.location
        cursor.take(while: Octet.isName)
        cursor.skipBlanks()
        let pattern = try ValueScanner.scanPattern(&cursor)
        try session.include(pattern, from: location, into: section, depth: depth)
    }

    private func failure(at location: SourceLocation, _ message: String) -> ConfigurationError {
        ConfigurationError(at: SourcePlace(location), message)
    }
}

extension Octet {
    /// What a name is made of.
    static func isName(_ octet: UInt8) -> Bool {
        switch octet {
        case hash, openingBrace, closingBrace, colon, comma, equals, quote, lineFeed: false
        default: !isBlank(octet)
        }
    }
}
