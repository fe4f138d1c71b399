/// Scans what stands behind an `=` or an `include`: words and quoted strings.
enum ValueScanner {
    /// Reads a value up to the end of the line, a `}` or a comment. Nil when there is none.
    static func scan(_ cursor: inout Cursor) throws(ConfigurationError) -> (text: String, map: ValueMap)? {
        var text: [UInt8] = []
        var map = ValueMap()
        var pieces = 0
        while true {
            cursor.skipBlanks()
            guard let octet = cursor.next, !Octet.endsStatement(octet) else { break }
            if pieces > 0 {
                text.append(Octet.space)
            }
            pieces += 1
            if octet == Octet.quote {
                try scanQuoted(&cursor, into: &text, map: &map)
            } else {
                map.addRun(text: text.count, source: cursor.offset)
                text += cursor.take { !Octet.endsStatement($0) && !Octet.isBlank($0) && $0 != Octet.quote }
            }
        }
        return pieces > 0 ? (String(decoding: text, as: UTF8.self), map) : nil
    }

    /// Reads the pattern of an `include`: one word, in which a backslash takes the meaning from `" # }` and a space,
    /// or one quoted string. Other backslashes stay; they take the meaning from the wildcard behind them.
    static func scanPattern(_ cursor: inout Cursor) throws(ConfigurationError) -> String {
        var pattern: [UInt8] = []
        var map = ValueMap()
        while let octet = cursor.next, !Octet.endsStatement(octet), !Octet.isBlank(octet) {
            if octet == Octet.quote {
                try scanQuoted(&cursor, into: &pattern, map: &map)
                break
            }
            if octet == Octet.backslash, let escaped = cursor.peek(1),
                [Octet.quote, Octet.hash, Octet.closingBrace, Octet.space].contains(escaped)
            {
                pattern.append(escaped)
                cursor.advance(2)
            } else {
                pattern.append(octet)
                cursor.advance()
            }
        }
        return String(decoding: pattern, as: UTF8.self)
    }

    /// Reads from the opening quote to the closing one, ends of lines included. `\n`, `\r` and `\t` are the control
    /// characters, a backslash before the end of a line joins the lines, and before anything else it vanishes.
    private static func scanQuoted(
        _ cursor: inout Cursor,
        into text: inout [UInt8],
        map: inout ValueMap
    ) throws(ConfigurationError) {
        let opening = cursor.location
        cursor.advance()
        while let octet = cursor.next, octet != Octet.quote {
            switch octet {
            case Octet.carriageReturn:
                cursor.advance()
            case Octet.backslash:
                cursor.advance()
                scanEscape(&cursor, into: &text)
            default:
                map.addRun(text: text.count, source: cursor.offset)
                text += cursor.take { $0 != Octet.quote && $0 != Octet.backslash && $0 != Octet.carriageReturn }
            }
        }
        guard cursor.next == Octet.quote else {
            throw ConfigurationError(at: SourcePlace(opening), "this string has no closing quote")
        }
        cursor.advance()
    }

    /// Reads what follows a backslash within quotes.
    private static func scanEscape(_ cursor: inout Cursor, into text: inout [UInt8]) {
        if cursor.next == Octet.carriageReturn, cursor.peek(1) == Octet.lineFeed {
            cursor.advance(2)
            return
        }
        guard let octet = cursor.next else { return }
        cursor.advance()
        switch octet {
        case Octet.lineFeed: break
        case UInt8(ascii: "n"): text.append(Octet.lineFeed)
        case UInt8(ascii: "r"): text.append(Octet.carriageReturn)
        case UInt8(ascii: "t"): text.append(Octet.tab)
        default: text.append(octet)
        }
    }
}
