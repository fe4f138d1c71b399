import Testing

@testable import IKEWire

/// Distinguished names between their text, their encoding and their comparison (RFC 5280 section 7.1).
@Suite struct DistinguishedNameTests {
    private func name(_ text: String) throws -> DistinguishedName { try #require(DistinguishedName(text)) }

    /// CN=gw of type UTF8String, as OpenSSL writes it: from an encoding of its own.
    private let encoded: [UInt8] = [0x30, 13, 0x31, 11, 0x30, 9, 0x06, 3, 85, 4, 3, 0x0C, 2, 0x67, 0x77]

    @Test func theEncodingIsThatOfX501() throws {
        let name = try #require(DistinguishedName(der: encoded))
        #expect(name.text == "CN=gw")
        #expect(name.der == encoded)
    }

    @Test(arguments: [
        "C=CH, O=Example AG, CN=gw.example.org", "CN=*", "C=DE, ST=Bayern, L=München, OU=a\\, b, CN=\\\\",
        "DC=org, DC=example, UID=u1, E=gw@example.org",
        "SN=17, G=Ada, S=Lovelace, STREET=1 Main (left), POSTALCODE=8000",
    ]) func textOutlivesTheEncoding(_ text: String) throws {
        let name = try name(text)
        #expect(DistinguishedName(der: name.der) == name)
        #expect(name.text == text)
    }

    @Test func slashesPartAttributesToo() throws {
        #expect(try name("/C=CH/O=Example, Inc/CN=gw").text == "C=CH, O=Example\\, Inc, CN=gw")
    }

    @Test func valuesHaveTheTypeOfTextThatTheStandardFixes() throws {
        let tags = try name("C=CH, O=Example, CN=Zürich, E=a@b, DC=org").relativeNames.joined().map(\.tag)
        #expect(tags == [0x13, 0x13, 0x0C, 0x16, 0x16])
    }

    @Test(arguments: ["", "CN", "CN=", "XX=1", "C=CH, ", "C=CH,,CN=gw", "=gw", "/", "C=CH/CN=gw/"])
    func whatIsNoListOfAttributesIsNone(_ text: String) {
        // Without a slash in front a slash is part of a value.
        let isName = text == "C=CH/CN=gw/"
        #expect((DistinguishedName(text) != nil) == isName)
    }

    @Test func spellingsOfOneNameAreTheSame() throws {
        let printable = try name("C=CH, O=Example  AG, CN=GW")
        let other = DistinguishedName(
            relativeNames: try name("C=ch, O=example ag, CN=gw").relativeNames.map { attributes in
                attributes.map { .init(type: $0.type, tag: DER.utf8String, value: $0.value) }
            }
        )
        #expect(printable.canonical == other?.canonical)
        #expect(printable.canonical != (try name("O=Example AG, C=CH, CN=GW")).canonical)
        let one = Identification(type: .distinguishedName, data: printable.der)
        #expect(one.isSameIdentity(as: Identification(type: .distinguishedName, data: try #require(other).der)))
    }

    @Test func wideCharactersAreText() throws {
        let wide = DistinguishedName(
            relativeNames: [[.init(type: [85, 4, 3], tag: DER.bmpString, value: [0, 0x67, 0, 0x77])]]
        )
        #expect(wide?.text == "CN=gw")
        #expect(wide?.canonical == DistinguishedName(der: encoded)?.canonical)
    }

    @Test func severalAttributesBesideEachOtherHaveNoText() throws {
        let attributes = try name("CN=gw, OU=x").relativeNames.flatMap { $0 }
        let name = try #require(DistinguishedName(relativeNames: [attributes]))
        let swapped = try #require(DistinguishedName(relativeNames: [attributes.reversed()]))
        #expect(name.text == nil)
        #expect(name.canonical == swapped.canonical)
        #expect(Identification(name).description.hasPrefix("asn1dn:#"))
    }

    @Test func octetsThatAreNoNameAreNone() {
        for count in 0..<encoded.count {
            #expect(DistinguishedName(der: Array(encoded.prefix(count))) == nil)
        }
        for index in encoded.indices {
            for octet in [0x00, 0x1F, 0x7F, 0x80, 0x84, 0xFF] as [UInt8] {
                var changed = encoded
                changed[index] = octet
                _ = DistinguishedName(der: changed)?.text
            }
        }
        #expect(DistinguishedName(der: encoded + [0]) == nil)
        // A length in a longer form than it needs.
        #expect(DistinguishedName(der: [0x30, 0x81, 13] + encoded.dropFirst(2)) == nil)
        #expect(DistinguishedName(der: [0x30, 0x84, 0, 0, 0, 13] + encoded.dropFirst(2)) == nil)
    }

    @Test func longNamesKeepTheirLength() throws {
        for count in [100, 127, 128, 200, 255, 256, 300, 70_000] {
            let name = try name("CN=" + String(repeating: "x", count: count))
            #expect(DistinguishedName(der: name.der) == name)
        }
    }

    // MARK: - Identities

    private func identity(_ text: String) throws -> Identification { try #require(Identification(text)) }

    @Test(arguments: [
        ("*.example.org", "gw.Example.ORG", true), ("*.example.org", "a.b.example.org", true),
        ("*.example.org", "example.org", false), ("*.example.org", "gw.example.com", false),
        ("*.example.org", "@@gw.example.org", false), ("*@example.org", "ada@example.org", true),
        ("*@example.org", "@example.org", false), ("C=CH, O=Example, CN=*", "C=CH, O=example, CN=gw", true),
        ("C=CH, O=Example, CN=*", "C=CH, O=Other, CN=gw", false), ("C=CH, O=Example, CN=*", "C=CH, O=Example", false),
        ("C=CH, O=Example, CN=*", "C=CH, O=Example, CN=*", false), ("gw.example.org", "GW.example.org", true),
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
    ]) func aPatternAdmits(_ pattern: String, _ claimed: String, _ isAdmitted: Bool) throws {
        #expect(try identity(pattern).admits(identity(claimed)) == isAdmitted)
    }

    @Test(arguments: ["C=CH, O=Example, CN=gw", "asn1dn:C=CH, O=Example, CN=gw", "/C=CH/O=Example/CN=gw"])
    func aDistinguishedNameIsAnIdentity(_ text: String) throws {
        let identity = try identity(text)
        #expect(identity.type == .distinguishedName)
        #expect(identity.description == "C=CH, O=Example, CN=gw")
    }
}
