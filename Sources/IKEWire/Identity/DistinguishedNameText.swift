// Distinguished names as people write them, in the order of the encoding:
//
//     C=CH, O=Example AG, CN=gw.example.org        "\" takes the next character as it is
//     /C=CH/O=Example AG/CN=gw.example.org

extension DistinguishedName {
    /// Nil for what is no list of `type=value` with known types.
    package init?(_ text: String) {
        let hasSlashes = text.hasPrefix("/")
        let body = hasSlashes ? text.dropFirst() : text[...]
        var relativeNames: [[Attribute]] = []
        for part in Self.split(body, at: hasSlashes ? "/" : ",") {
            guard let equals = part.firstIndex(of: "="),
                let type = Self.types.first(where: { $0.name == Self.trimmed(part[..<equals]).uppercased() })
            else { return nil }
            let value = Self.trimmed(Self.unescaped(part[part.index(after: equals)...])[...])
            guard !value.isEmpty else { return nil }
            relativeNames.append([Attribute(type: type.octets, tag: type.tag(for: value), value: Array(value.utf8))])
        }
        guard !relativeNames.isEmpty else { return nil }
        self.init(relativeNames: relativeNames)
    }

    /// What `init(_:)` reads as the same name; nil if there is no such text: unknown types, several attributes beside each
    /// other, values that are not printable.
    package var text: String? {
        var parts: [String] = []
        for attributes in relativeNames {
            guard attributes.count == 1, let attribute = attributes.first,
                let type = Self.types.first(where: { $0.octets == attribute.type }),
                let value = attribute.text, value.isPrintable, value.first != " ", value.last != " "
            else { return nil }
            parts.append("\(type.name)=\(Self.escaped(value))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static func split(_ text: Substring, at separator: Character) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var isEscaped = false
        for index in text.indices {
            if !isEscaped && text[index] == separator {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
            isEscaped = !isEscaped && text[index] == "\\"
        }
        return parts + [text[start...]]
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            isEscaped = !isEscaped && character == "\\"
            if !isEscaped { result.append(character) }
        }
        return result
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if character == "," || character == "\\" { result.append("\\") }
            result.append(character)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(text[first...last])
    }
}

// MARK: - Types

extension DistinguishedName {
    /// A type of attribute under the name that strongSwan gives it (RFC 5280 appendix A.1, RFC 4519).
    private struct AttributeType {
        let name: String
        let octets: [UInt8]
        /// The type of text that the standard fixes; nil where the writer chooses.
        var fixedTag: UInt8?

        /// PrintableString where it suffices, as most authorities do, else UTF8String.
        func tag(for value: String) -> UInt8 {
            fixedTag ?? (value.utf8.allSatisfy(Self.isPrintableString) ? DER.printableString : DER.utf8String)
        }

        private static func isPrintableString(_ octet: UInt8) -> Bool {
            switch octet {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: " '()+,-./:=?".utf8.contains(octet)
            }
        }
    }

    /// The first name of several is the one that is printed.
    private static let types: [AttributeType] = [
        AttributeType(name: "CN", octets: [85, 4, 3]),
        AttributeType(name: "S", octets: [85, 4, 4]),
        AttributeType(name: "SN", octets: [85, 4, 5], fixedTag: DER.printableString),
        AttributeType(name: "SERIALNUMBER", octets: [85, 4, 5], fixedTag: DER.printableString),
        AttributeType(name: "C", octets: [85, 4, 6], fixedTag: DER.printableString),
        AttributeType(name: "L", octets: [85, 4, 7]),
        AttributeType(name: "ST", octets: [85, 4, 8]),
        AttributeType(name: "STREET", octets: [85, 4, 9]),
        AttributeType(name: "O", octets: [85, 4, 10]),
        AttributeType(name: "OU", octets: [85, 4, 11]),
        AttributeType(name: "T", octets: [85, 4, 12]),
        AttributeType(name: "D", octets: [85, 4, 13]),
        AttributeType(name: "POSTALCODE", octets: [85, 4, 17]),
        AttributeType(name: "N", octets: [85, 4, 41]),
        AttributeType(name: "G", octets: [85, 4, 42]),
        AttributeType(name: "I", octets: [85, 4, 43]),
        AttributeType(name: "DNQUALIFIER", octets: [85, 4, 46], fixedTag: DER.printableString),
        AttributeType(name: "E", octets: [42, 134, 72, 134, 247, 13, 1, 9, 1], fixedTag: DER.ia5String),
        AttributeType(name: "EMAIL", octets: [42, 134, 72, 134, 247, 13, 1, 9, 1], fixedTag: DER.ia5String),
        AttributeType(name: "EMAILADDRESS", octets: [42, 134, 72, 134, 247, 13, 1, 9, 1], fixedTag: DER.ia5String),
        AttributeType(name: "UID", octets: [9, 146, 38, 137, 147, 242, 44, 100, 1, 1]),
        AttributeType(name: "DC", octets: [9, 146, 38, 137, 147, 242, 44, 100, 1, 25], fixedTag: DER.ia5String),
    ]
}
