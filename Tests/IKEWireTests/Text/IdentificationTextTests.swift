import IKEWire
import Support
import Testing

@Suite struct IdentificationTextTests {
    @Test(
        arguments: [
            ("192.0.2.1", IDType.ipv4Address, [192, 0, 2, 1]),
            ("2001:db8::1", .ipv6Address, [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("gw.example.org", .fqdn, Array("gw.example.org".utf8)),
            ("@gw.example.org", .fqdn, Array("gw.example.org".utf8)),
            ("@192.0.2.1", .fqdn, Array("192.0.2.1".utf8)),
            ("moon", .fqdn, Array("moon".utf8)),
            ("user@example.org", .rfc822Address, Array("user@example.org".utf8)),
            ("@@user@host", .rfc822Address, Array("user@host".utf8)),
            ("@#6b6579", .keyID, Array("key".utf8)),
            ("keyid:key", .keyID, Array("key".utf8)),
            ("keyid:#6B6579", .keyID, Array("key".utf8)),
            ("ipv4:192.0.2.1", .ipv4Address, [192, 0, 2, 1]),
            ("ipv4:#c0000201", .ipv4Address, [192, 0, 2, 1]),
            ("fqdn:a=b", .fqdn, Array("a=b".utf8)),
            ("DNS:192.0.2.1", .fqdn, Array("192.0.2.1".utf8)),
            ("email:user", .rfc822Address, Array("user".utf8)),
            ("userfqdn:u@h", .rfc822Address, Array("u@h".utf8)),
            ("asn1dn:#3000", .distinguishedName, [0x30, 0]),
            ("CN=gw", .distinguishedName, [0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 85, 4, 3, 0x13, 2, 0x67, 0x77]),
        ] as [(String, IDType, [UInt8])]
    )
    func textIsRead(text: String, type: IDType, data: [UInt8]) {
        #expect(Identification(text) == Identification(type: type, data: data))
    }

    @Test(arguments: ["%any", "", "%any6", "*", "0.0.0.0", "::", "0::0"])
    func anyIdentityIsNone(text: String) {
        #expect(Identification(text) == nil)
        #expect(Identification.isWildcard(text))
    }

    @Test(arguments: [
        "C=CH, O=example, XY=moon", "@#", "@#abc", "@#xy", "ipv4:moon", "ipv4:::1", "ipv6:192.0.2.1", "ipv4:#c00002",
        "fqdn:",
        "asn1dn:moon", "%null", "%anny", "@", "@@", "1:2:3", "moon:8443", "keyid:#+f", "@#６b",
    ])
    func whatCannotBeReadIsNotTakenForAnotherIdentity(text: String) {
        #expect(Identification(text) == nil)
        #expect(!Identification.isWildcard(text))
    }

    @Test(
        arguments: [
            (IDType.ipv4Address, "c0000201", "192.0.2.1"),
            (.ipv6Address, "20010db8000000000000000000000001", "2001:db8::1"),
            (.fqdn, "6d6f6f6e", "moon"),
            (.rfc822Address, "754068", "u@h"),
            (.keyID, "6b6579", "@#6b6579"),
            (.distinguishedName, "3000", "asn1dn:#3000"),
            (.generalName, "8200", "asn1gn:#8200"),
            // Names that would read as something else, or harm a terminal.
            (.fqdn, "3139322e302e322e31", "fqdn:192.0.2.1"),
            (.fqdn, "754068", "fqdn:u@h"),
            (.fqdn, "2a", "fqdn:*"),
            (.fqdn, "256e756c6c", "fqdn:%null"),
            (.fqdn, "6d6f6f6e0a", "fqdn:#6d6f6f6e0a"),
            (.fqdn, "1b5b324a", "fqdn:#1b5b324a"),
            (.fqdn, "ff", "fqdn:#ff"),
            (.rfc822Address, "6d6f6f6e", "email:moon"),
            (.rfc822Address, "e280ae6140", "email:#e280ae6140"),
        ] as [(IDType, Hex, String)]
    )
    func printingGivesTextThatReadsAsTheSameIdentity(type: IDType, data: Hex, text: String) {
        let identification = Identification(type: type, data: data.bytes)
        #expect(identification.description == text)
        #expect(Identification(text) == identification)
    }

    @Test func whatCannotBeReadBackIsPrintedAsOctets() {
        #expect(Identification(type: .null, data: []).description == "%null")
        #expect(Identification(type: .fqdn, data: []).description == "fqdn:#")
        #expect(Identification(type: IDType(rawValue: 200), data: [1]).description == "ID type 200:#01")
    }
}
