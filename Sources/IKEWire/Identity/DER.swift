/// The little of the Distinguished Encoding Rules (X.690) that the name of a certificate's subject needs.
///
/// Certificates and keys are libcrypto's to read; identities are told apart here, where there is no libcrypto.
enum DER {
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
    static let objectIdentifier: UInt8 = 0x06
    static let utf8String: UInt8 = 0x0C
    static let printableString: UInt8 = 0x13
    static let teletexString: UInt8 = 0x14
    static let ia5String: UInt8 = 0x16
    static let universalString: UInt8 = 0x1C
    static let bmpString: UInt8 = 0x1E

    /// One element: its tag, and what its length covers.
    struct Element: Equatable {
        let tag: UInt8
        let content: ArraySlice<UInt8>
    }

    /// Takes the element at the beginning off. Nil where there is no whole element with a tag of one octet and a length in
    /// its shortest form.
    static func takeElement(from octets: inout ArraySlice<UInt8>) -> Element? {
        guard let tag = octets.popFirst(), tag & 0x1F != 0x1F, let first = octets.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            guard (1...3).contains(count), octets.count >= count else { return nil }
            length = octets.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            octets = octets.dropFirst(count)
            guard length >= 0x80, length >> (8 * (count - 1)) != 0 else { return nil }
        }
        guard octets.count >= length else { return nil }
        defer { octets = octets.dropFirst(length) }
        return Element(tag: tag, content: octets.prefix(length))
    }

    /// The elements that a content consists of; nil if it does not consist of elements.
    static func elements(of content: ArraySlice<UInt8>) -> [Element]? {
        var rest = content
        var elements: [Element] = []
        while !rest.isEmpty {
            guard let element = takeElement(from: &rest) else { return nil }
            elements.append(element)
        }
        return elements
    }

    /// An element of these parts. A content has at most 2^24 - 1 octets, far more than any identity.
    static func encode(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            switch count {
            case ..<0x80: [UInt8(truncatingIfNeeded: count)]
            case ..<0x100: [0x81, UInt8(truncatingIfNeeded: count)]
            case ..<0x1_0000: [0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
            default: [0x83] + [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
            }
        return [tag] + length + content
    }
}
