import IKEWire

/// Text measured and cut in the columns that a terminal gives it.
enum Columns {
    /// How many columns a text takes. Wide characters (East Asian scripts, emoji) take two.
    static func count(of text: some StringProtocol) -> Int {
        if isPlain(text) { return text.utf8.count }
        return Palette.isSign(String(text)) ? 1 : text.reduce(0) { $0 + width(of: $1) }
    }

    /// Whether a text is nothing but printable ASCII, as almost all texts are: each octet is a character of one column.
    static func isPlain(_ text: some StringProtocol) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { $0.allSatisfy { 0x20 <= $0 && $0 < 0x7f } } ?? false
    }

    /// How many columns a text takes once it was made printable.
    static func shownCount(of text: String) -> Int {
        isPlain(text) ? text.utf8.count : count(of: printable(text))
    }

    /// Shortens a text from its middle, since names differ at their ends: `gw-01.exa…le.org`.
    static func shorten(_ text: String, to limit: Int, ellipsis: String) -> String {
        guard count(of: text) > limit else { return text }
        let room = limit - count(of: ellipsis)
        guard room > 0 else { return clip(text, to: limit) }
        let tail = String(clip(String(text.reversed()), to: room / 2).reversed())
        return clip(text, to: room - count(of: tail)) + ellipsis + tail
    }

    /// Shortens a text from its end.
    static func cut(_ text: String, to limit: Int, ellipsis: String) -> String {
        guard count(of: text) > limit else { return text }
        let room = limit - count(of: ellipsis)
        return room > 0 ? clip(text, to: room) + ellipsis : clip(text, to: limit)
    }

    /// The longest beginning of a text that fits.
    static func clip(_ text: String, to limit: Int) -> String {
        var used = 0
        return String(
            text.prefix { character in
                used += width(of: character)
                return used <= limit
            }
        )
    }

    /// Replaces what would steer a terminal rather than show on it. Identities come from the peer, so they are not trusted
    /// to be text: control characters, escape sequences and marks that reorder or hide their neighbours become `?`.
    static func printable(_ text: some StringProtocol) -> String {
        if isPlain(text) || Palette.isSign(String(text)) { return String(text) }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar.isPrintable ? scalar : "?")
        }
        return String(result)
    }

    private static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
            0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return 2
        default: return 1
        }
    }
}
