/// Addresses as people write them: read as RFC 4291 section 2.2 allows, printed as RFC 5952 recommends.
extension IPAddress: LosslessStringConvertible {
    /// Reads "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1".
    ///
    /// Decimal octets with leading zeros are refused, because some programs read them as octal; so are scope ids ("%eth0").
    package init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            self.init(v6Text: text)
        } else if let number = Self.parseV4(text[...]) {
            self.init(v4: number)
        } else {
            return nil
        }
    }

    package var description: String {
        switch family {
        case .v4: Self.dottedQuad(UInt32(truncatingIfNeeded: low))
        case .v6: v6Text
        }
    }
}

// MARK: - IPv4

extension IPAddress {
    private static func parseV4(_ text: Substring) -> UInt32? {
        var number: UInt32 = 0
        var dots = 0
        var octet: UInt32?
        for character in text.utf8 {
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                // No digit may follow a leading zero.
                guard octet != 0 else { return nil }
                let value = (octet ?? 0) * 10 + UInt32(character - UInt8(ascii: "0"))
                guard value <= 255 else { return nil }
                octet = value
            case UInt8(ascii: "."):
                guard let whole = octet else { return nil }
                number = number << 8 | whole
                octet = nil
                dots += 1
            default: return nil
            }
        }
        guard let last = octet, dots == 3 else { return nil }
        return number << 8 | last
    }

    private static func dottedQuad(_ number: UInt32) -> String {
        String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            func put(_ character: UInt8) {
                text[count] = character
                count += 1
            }
            for shift in [24, 16, 8, 0] as [UInt32] {
                let octet = UInt8(truncatingIfNeeded: number >> shift)
                if octet >= 100 { put(UInt8(ascii: "0") + octet / 100) }
                if octet >= 10 { put(UInt8(ascii: "0") + octet / 10 % 10) }
                put(UInt8(ascii: "0") + octet % 10)
                if shift > 0 { put(UInt8(ascii: ".")) }
            }
            return count
        }
    }
}

// MARK: - IPv6

extension IPAddress {
    private init?(v6Text text: String) {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard let front = halves.first, let back = halves.last, halves.count <= 2 else { return nil }
        var groups: [UInt16]
        if halves.count == 1 {
            guard let all = Self.parseGroups(front, endsAddress: true), all.count == 8 else { return nil }
            groups = all
        } else {
            // "::" stands for at least one group of zeros.
            guard let head = Self.parseGroups(front, endsAddress: false),
                let tail = Self.parseGroups(back, endsAddress: true), head.count + tail.count <= 7
            else { return nil }
            groups = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        }
        self.init(family: .v6, value: groups.reduce(0) { $0 << 16 | UInt128($1) })
    }

    /// The 16-bit groups between colons; a dotted quad may stand for the last two where the text ends the address.
    private static func parseGroups(_ text: Substring, endsAddress: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (position, part) in parts.enumerated() {
            if part.utf8.contains(UInt8(ascii: ".")) {
                guard endsAddress, position == parts.count - 1, let number = parseV4(part) else { return nil }
                groups += [UInt16(truncatingIfNeeded: number >> 16), UInt16(truncatingIfNeeded: number)]
            } else {
                guard part.utf8.count <= 4, part.first?.isHexDigit == true, let group = UInt16(part, radix: 16) else {
                    return nil
                }
                groups.append(group)
            }
        }
        return groups
    }

    /// Lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::",
    /// and a dotted quad in IPv4-mapped addresses (RFC 5952 sections 4 and 5).
    private var v6Text: String {
        if high == 0, low >> 32 == 0xffff {
            return "::ffff:" + Self.dottedQuad(UInt32(truncatingIfNeeded: low))
        }
        let value = value
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: value >> $0) }
        let run = Self.longestZeroRun(groups)
        guard run.count >= 2 else { return Self.joined(groups[...]) }
        return Self.joined(groups[..<run.lowerBound]) + "::" + Self.joined(groups[run.upperBound...])
    }

    private static func joined(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var current = 0..<0
        for (position, group) in groups.enumerated() {
            current = group == 0 ? current.lowerBound..<position + 1 : position + 1..<position + 1
            if current.count > longest.count { longest = current }
        }
        return longest
    }
}
