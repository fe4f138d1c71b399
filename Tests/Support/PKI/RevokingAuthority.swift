package import IKECore
package import IKECrypto
import IKEWire

/// An authority that is made for a test, and what it issues.
package struct RevokingAuthority: Sendable {
    package let certificate: X509Certificate
    package let key: PrivateKey

    /// A day around `Fixture.today`.
    private static let validity = (
        UnixTime(seconds: Fixture.today.seconds - 43_200), UnixTime(seconds: Fixture.today.seconds + 43_200)
    )

    package init(_ name: String = "Test CA") throws {
        key = try PrivateKey.make(.ecdsa(.p256))
        certificate = try CertificateBuilder(
            commonName: name,
            publicKey: key.publicKey,
            notBefore: Self.validity.0,
            notAfter: Self.validity.1,
            purpose: .authority
        ).signed(by: key, of: nil)
    }

    /// A certificate for a name, with its key.
    ///
    /// - Parameters:
    ///   - names: those that are in it beside the subject; nil: the name is one of DNS.
    ///   - purposes: the extended key usage, in OpenSSL's words.
    ///   - end: nil: half a day after `Fixture.today`.
    package func issue(
        _ name: String,
        names: [AlternativeName]? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        until end: UnixTime? = nil
    ) throws -> (certificate: X509Certificate, key: PrivateKey) {
        let key = try PrivateKey.make(.ecdsa(.p256))
        var builder = CertificateBuilder(
            commonName: name,
            alternativeNames: names ?? [.dns(name)],
            publicKey: key.publicKey,
            notBefore: Self.validity.0,
            notAfter: end ?? Self.validity.1,
            purpose: .endEntity
        )
        builder.keyPurposes = purposes
        return (try builder.signed(by: self.key, of: certificate), key)
    }

    /// A list of what it has revoked, made today for an hour.
    package func list(
        revoking certificates: [X509Certificate] = [],
        from start: Int64 = -60,
        until end: Int64 = 3600
    ) throws -> RevocationList {
        try RevocationListBuilder(
            entries: certificates.map { .init(serialNumber: $0.serialNumber, time: Fixture.today) },
            number: 1,
            thisUpdate: UnixTime(seconds: Fixture.today.seconds + start),
            nextUpdate: UnixTime(seconds: Fixture.today.seconds + end)
        ).signed(by: key, of: certificate)
    }

    /// A responder that signs as the authority itself.
    package var responder: OCSPTestResponder { OCSPTestResponder(issuer: certificate, signer: certificate, key: key) }
}

extension Policy {
    /// Has the ends of its one connection prove themselves with certificates of one authority.
    ///
    /// - Parameters:
    ///   - own: the certificate of this end and its key.
    ///   - services: of the authority.
    package mutating func useCertificates(
        of authority: RevokingAuthority,
        _ own: (certificate: X509Certificate, key: PrivateKey),
        named name: String,
        peer: String,
        services: [AuthorityServices] = []
    ) {
        secrets = []
        credentials = Credentials(
            privateKeys: [own.key],
            certificates: [own.certificate],
            trust: TrustStore(authorities: [authority.certificate], services: services)
        )
        let kind = AuthenticationKind.publicKey(PublicKeyPolicy())
        connections[0].local = AuthenticationPolicy(kind: kind, identity: TwoSites.identity(name))
        connections[0].remote = AuthenticationPolicy(kind: kind, identity: TwoSites.identity(peer))
    }
}
