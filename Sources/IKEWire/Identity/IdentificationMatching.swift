// Whether two identities name the same holder, and whether one that a person configured stands for many.

extension Identification {
    /// Whether two identities name the same holder: same type, same octets; names of hosts and mailboxes without regard to
    /// letter case, distinguished names as RFC 5280 section 7.1 compares them.
    package func isSameIdentity(as other: Identification) -> Bool {
        normalized == other.normalized
    }

    /// The same for all spellings of a name.
    package var normalized: Identification {
        switch type {
        case .fqdn, .rfc822Address: Identification(type: type, data: data.map(\.asciiLowercased))
        case .distinguishedName: Identification(type: type, data: distinguishedName?.canonical ?? data)
        default: Identification(type: type, data: data)
        }
    }

    /// Nil for other types, and for octets that are no name.
    package var distinguishedName: DistinguishedName? {
        type == .distinguishedName ? DistinguishedName(der: data) : nil
    }

    package init(_ name: DistinguishedName) {
        self.init(type: .distinguishedName, data: name.der)
    }

    // MARK: - Patterns

    /// Whether it stands for many: `*.example.org`, `*@example.org`, `C=CH, O=Example, CN=*`.
    package var isPattern: Bool {
        switch type {
        case .fqdn, .rfc822Address: data.first == Self.wildcard
        case .distinguishedName: distinguishedName?.isPattern ?? false
        default: false
        }
    }

    /// Whether an identity that a peer claims is this one, or one of those that it stands for.
    package func admits(_ claimed: Identification) -> Bool {
        guard isPattern else { return isSameIdentity(as: claimed) }
        guard type == claimed.type, !claimed.isPattern else { return false }
        if let pattern = distinguishedName {
            return claimed.distinguishedName.map { pattern.admits($0) } ?? false
        }
        let suffix = normalized.data.dropFirst()
        let name = claimed.normalized.data
        return name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
    }

    private static let wildcard = UInt8(ascii: "*")
}

extension UInt8 {
    /// A letter of ASCII in lower case, every other octet as it is.
    package var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
