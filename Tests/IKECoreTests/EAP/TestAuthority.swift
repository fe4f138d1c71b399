import IKECore
import IKECrypto
import IKEWire
import Support

/// A CA that is made for a test, and the ends that it issues to.
struct TestAuthority {
    private let key: PrivateKey
    let certificate: X509Certificate

    static let end = UnixTime(seconds: Fixture.today.seconds + 86_400)

    init(_ name: String = "EAP CA") throws {
        key = try PrivateKey.make(.ecdsa(.p256))
        certificate = try CertificateBuilder(
            commonName: name,
            publicKey: key.publicKey,
            notBefore: UnixTime(seconds: Fixture.today.seconds - 86_400),
            notAfter: Self.end,
            purpose: .authority
        ).signed(by: key, of: nil)
    }

    var trust: TrustStore { TrustStore(authorities: [certificate]) }

    /// Credentials with a certificate of this CA; `trust` is what the end itself believes.
    func issue(
        _ name: String,
        names: [AlternativeName],
        trust: TrustStore? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        notAfter: UnixTime = end,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws -> EAPTLSCredentials {
        let own = try PrivateKey.make(.ecdsa(.p256))
        var builder = CertificateBuilder(
            commonName: name,
            alternativeNames: names,
            publicKey: own.publicKey,
            notBefore: UnixTime(seconds: Fixture.today.seconds - 86_400),
            notAfter: notAfter,
            purpose: .endEntity
        )
        builder.keyPurposes = purposes
        return EAPTLSCredentials(
            certificates: [try builder.signed(by: key, of: certificate)],
            privateKey: own,
            trust: trust ?? self.trust,
            today: Fixture.today,
            versions: versions
        )
    }

    func gateway(
        trust: TrustStore? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        notAfter: UnixTime = end,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws -> EAPTLSCredentials {
        try issue(
            "gw",
            names: [.dns("gw.example.org")],
            trust: trust,
            purposes: purposes,
            notAfter: notAfter,
            versions: versions
        )
    }

    func client(
        trust: TrustStore? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        notAfter: UnixTime = end
    ) throws -> EAPTLSCredentials {
        var credentials = try issue(
            "alice",
            names: [.email("alice@example.org")],
            trust: trust,
            purposes: purposes,
            notAfter: notAfter
        )
        credentials.serverIdentity = Identification("gw.example.org")
        return credentials
    }

    /// Trusts this CA and has no certificate.
    var anonymous: EAPTLSCredentials {
        EAPTLSCredentials(trust: trust, today: Fixture.today, serverIdentity: Identification("gw.example.org"))
    }
}

extension ClosedRange<TLSVersion> {
    /// One version alone.
    static func only(_ version: TLSVersion) -> Self { version...version }
}
