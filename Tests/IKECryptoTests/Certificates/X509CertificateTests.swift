import IKECrypto
import IKEWire
import Support
import Testing

/// What a certificate says, and how one that is broken is refused.
@Suite struct X509CertificateTests {
    @Test func aCertificateSaysWhatIsInIt() throws {
        let certificate = try Fixture.certificate("gateway")
        #expect(certificate.der == (try Fixture.file("gateway.der")))
        #expect(certificate.subjectText == "C=CH, O=Example, CN=gateway")
        #expect(certificate.issuerText == "C=CH, O=Example, CN=Root CA")
        #expect(certificate.issuer == (try Fixture.certificate("root")).subject)
        #expect(certificate.serialNumber == [0x10, 0x01])
        #expect("\(certificate.notBefore)" == "2020-01-01T00:00:00Z")
        #expect("\(certificate.notAfter)" == "2120-01-01T00:00:00Z")
        #expect(certificate.publicKey.kind == .ecdsa(.p256))
        #expect(certificate.revocationListURLs == ["http://crl.example.org/root.crl"])
        #expect(certificate.ocspURLs == ["http://ocsp.example.org/"])
        #expect(!certificate.isAuthority)
        #expect(!certificate.isSelfSigned)
        let elsewhere: Hex = "3021310b3009060355040613024348311230100603550403 0c09656c73657768657265"
        #expect(
            certificate.alternativeNames == [
                .dns("gw.example.org"), .dns("*.wild.example.org"), .email("Admin@Example.org"),
                .address([192, 0, 2, 1]),
                .address([0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]), .other,
                .directoryName(elsewhere.bytes),
            ]
        )
    }

    @Test func authoritiesAreToldApart() throws {
        let root = try Fixture.certificate("root")
        #expect(root.isAuthority && root.isSelfSigned)
        let intermediate = try Fixture.certificate("intermediate")
        #expect(intermediate.isAuthority && !intermediate.isSelfSigned)
        let own = try Fixture.certificate("self")
        #expect(!own.isAuthority && own.isSelfSigned)
        #expect(own.revocationListURLs == [] && own.ocspURLs == [] && own.alternativeNames == [])
    }

    @Test func namesCannotBreakALogLine() throws {
        #expect(try Fixture.certificate("names").subjectText == #"C=CH, O=Bücher, CN=evil\u{202e}\0Aline"#)
    }

    @Test func filesHoldOneCertificateOrSeveral() throws {
        #expect(
            try X509Certificate.parse(Fixture.file("bundle.pem")) == Fixture.certificates(["root", "intermediate"])
        )
        #expect(try X509Certificate.parse(Fixture.file("gateway.der")) == Fixture.certificates(["gateway"]))
        let text = Array("Certificate of the gateway\n".utf8)
        #expect(try X509Certificate.parse(text + Fixture.file("gateway.pem")) == Fixture.certificates(["gateway"]))
    }

    @Test func filesWithoutACertificateAreRefused() throws {
        let files = [
            [], Array("hello".utf8), try Fixture.file("p256.key"), try Fixture.file("root.crl"),
            try Fixture.file("root.crl.der"), try Fixture.file("gateway.der") + [0],
        ]
        for file in files {
            #expect(throws: CryptoError.malformed("certificate")) { try X509Certificate.parse(file) }
        }
        let broken = Array("-----BEGIN CERTIFICATE-----\nMIIB\n".utf8)
        #expect(throws: CryptoError.malformed("PEM file")) { try X509Certificate.parse(broken) }
    }

    @Test func everyPrefixOfACertificateIsRefused() throws {
        let der = try Fixture.file("gateway.der")
        for count in der.indices {
            #expect(throws: CryptoError.self) { try X509Certificate(der: Array(der.prefix(count))) }
        }
    }

    @Test func aChangedCertificateIsNeverTrusted() throws {
        let der = try Fixture.file("gateway.der")
        let store = TrustStore(authorities: [try Fixture.certificate("root")])
        for index in der.indices {
            for bit in [0, 3, 7] {
                var changed = der
                changed[index] ^= 1 << bit
                guard let certificate = try? X509Certificate(der: changed) else { continue }
                #expect(throws: CertificateRejection.self, "octet \(index), bit \(bit)") {
                    try store.verify(
                        certificate,
                        intermediates: [],
                        at: Fixture.today,
                        revocation: .relaxed,
                        limitedTo: nil
                    )
                }
            }
        }
    }

    @Test func aCertificateThatIsTooLongIsRefused() {
        let octets = [UInt8](repeating: 0x30, count: 1 << 16 + 1)
        #expect(throws: CryptoError.invalidLength(field: "certificate", octets: octets.count)) {
            try X509Certificate(der: octets)
        }
    }

    @Test func aKeyOfAnotherKindIsRefusedByName() {
        #expect(throws: CryptoError.unsupported("a key on the curve brainpoolP256r1")) {
            try Fixture.certificate("brainpool")
        }
    }
}

/// To whom a certificate was issued (RFC 4945 section 3.1).
@Suite struct CertificateIdentityTests {
    @Test(
        arguments: [
            "gw.example.org", "GW.Example.ORG", "*.wild.example.org", "Admin@Example.org", "Admin@example.ORG",
            "192.0.2.1",
            "2001:db8::1",
        ]
    )
    func namesOfTheCertificateAreConfirmed(identity: String) throws {
        let identity = try #require(Identification(identity))
        #expect(try Fixture.certificate("gateway").confirms(identity))
        #expect(try !Fixture.certificate("bare").confirms(identity), "a CN is no name")
    }

    @Test(
        arguments: [
            "gateway", "example.org", "w.example.org", "a.gw.example.org", "gw.example.org.", "a.wild.example.org",
            "admin@Example.org", "Admin@example.net", "@Example.org", "192.0.2.2", "2001:db8::2", "@gw.example.org\0",
            "fqdn:#00", "email:gw.example.org", "fqdn:Admin@Example.org", "keyid:gw.example.org", "keyid:#00",
        ]
    )
    func otherNamesAreNot(identity: String) throws {
        let identity = try #require(Identification(identity))
        #expect(try !Fixture.certificate("gateway").confirms(identity))
    }

    @Test func theSubjectIsConfirmedAsAName() throws {
        let certificate = try Fixture.certificate("gateway")
        let name = Identification(type: .distinguishedName, data: certificate.subject)
        #expect(certificate.confirms(name))
        #expect(try !Fixture.certificate("bare").confirms(name))
        // Another case of the letters is the same name: "gateway" ends the DER.
        let shouted = certificate.subject.dropLast(7) + Array("GATEWAY".utf8)
        #expect(certificate.confirms(Identification(type: .distinguishedName, data: Array(shouted))))
        for data in [[], [0x30], Array(certificate.subject.dropLast()), certificate.subject + [0]] {
            #expect(!certificate.confirms(Identification(type: .distinguishedName, data: data)))
        }
    }

    @Test func theKeyIdentifierIsConfirmedAsAKeyID() throws {
        let certificate = try Fixture.certificate("gateway")
        let identifier = try #require(certificate.subjectKeyIdentifier)
        #expect(identifier.count == 20)
        #expect(certificate.confirms(Identification(type: .keyID, data: identifier)))
        #expect(!certificate.confirms(Identification(type: .keyID, data: [])))
        #expect(!certificate.confirms(Identification(type: .fqdn, data: identifier)))
        #expect(!certificate.confirms(Identification(type: .null, data: [])))
    }
}
