/// A name as certificates have it (X.501; RFC 5280 section 4.1.2.4): country, organisation, common name and so on.
///
/// Names are compared as RFC 5280 section 7.1 wants it, without regard to letter case, to spaces, and to which of ASN.1's
/// types of text the writer chose.
package struct DistinguishedName: Hashable, Sendable {
    /// One `type = value`.
    struct Attribute: Hashable, Sendable {
        /// The content octets of the object identifier.
        let type: [UInt8]
        /// Which of ASN.1's types the value has.
        let tag: UInt8
        let value: [UInt8]
    }

    /// In the order of the encoding; each nearly always holds one attribute.
    let relativeNames: [[Attribute]]

    /// More attributes than this are no name of anybody.
    private static let mostAttributes = 64

    init?(relativeNames: [[Attribute]]) {
        guard relativeNames.joined().count <= Self.mostAttributes else { return nil }
        self.relativeNames = relativeNames
    }

    /// Reads the encoding of a Name; nil if it is none.
    package init?(der: [UInt8]) {
        var rest = der[...]
        guard let name = DER.takeElement(from: &rest), rest.isEmpty, name.tag == DER.sequence,
            let sets = DER.elements(of: name.content)
        else { return nil }
        var relativeNames: [[Attribute]] = []
        for set in sets {
            guard set.tag == DER.set, let members = DER.elements(of: set.content), !members.isEmpty else { return nil }
            var attributes: [Attribute] = []
            for member in members {
                guard member.tag == DER.sequence, let parts = DER.elements(of: member.content), parts.count == 2,
                    parts[0].tag == DER.objectIdentifier
                else { return nil }
                attributes.append(
                    Attribute(type: Array(parts[0].content), tag: parts[1].tag, value: Array(parts[1].content))
                )
            }
            relativeNames.append(attributes)
        }
        self.init(relativeNames: relativeNames)
    }

    /// The encoding.
    package var der: [UInt8] { Self.encode(relativeNames) }

    private static func encode(_ relativeNames: [[Attribute]]) -> [UInt8] {
        let sets = relativeNames.map { attributes in
            let members = attributes.map { attribute in
                DER.encode(
                    DER.sequence,
                    DER.encode(DER.objectIdentifier, attribute.type) + DER.encode(attribute.tag, attribute.value)
                )
            }
            return DER.encode(DER.set, members.flatMap { $0 })
        }
        return DER.encode(DER.sequence, sets.flatMap { $0 })
    }
}

// MARK: - Comparing

extension DistinguishedName {
    /// The same octets for all spellings of a name.
    package var canonical: [UInt8] {
        Self.encode(
            relativeNames.map { attributes in
                attributes.map(\.canonical).sorted {
                    ($0.type + $0.value).lexicographicallyPrecedes($1.type + $1.value)
                }
            }
        )
    }

    /// Whether some of its values are `*`, so that it stands for many names.
    package var isPattern: Bool { relativeNames.joined().contains(where: \.isWildcard) }

    /// Whether the name has the attributes of this one in their order, where `*` stands for any value.
    package func admits(_ name: DistinguishedName) -> Bool {
        relativeNames.count == name.relativeNames.count
            && zip(relativeNames, name.relativeNames).allSatisfy { wanted, present in
                wanted.count == present.count
                    && zip(wanted, present).allSatisfy { pattern, attribute in
                        pattern.type == attribute.type
                            && (pattern.isWildcard || pattern.canonical == attribute.canonical)
                    }
            }
    }
}

extension DistinguishedName.Attribute {
    /// Nil for what is no text.
    var text: String? {
        switch tag {
        case DER.utf8String, DER.printableString, DER.ia5String: String(validating: value, as: UTF8.self)
        // What implementations have put there is Latin 1.
        case DER.teletexString: String(String.UnicodeScalarView(value.map { Unicode.Scalar($0) }))
        case DER.bmpString: text(ofUnits: 2)
        case DER.universalString: text(ofUnits: 4)
        default: nil
        }
    }

    private func text(ofUnits size: Int) -> String? {
        guard value.count.isMultiple(of: size) else { return nil }
        var scalars = String.UnicodeScalarView()
        for start in stride(from: 0, to: value.count, by: size) {
            let code = value[start..<start + size].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard let scalar = Unicode.Scalar(code) else { return nil }
            scalars.append(scalar)
        }
        return String(scalars)
    }

    var isWildcard: Bool { value == [UInt8(ascii: "*")] }

    fileprivate var canonical: Self {
        guard let text else { return self }
        let words = text.lowercased().split { $0 == " " }
        return Self(type: type, tag: DER.utf8String, value: Array(words.joined(separator: " ").utf8))
    }
}
