import IKECore
import IKECrypto
import IKEWire
import Support

/// A CA that is made for a test, and the ends of TLS that it issues to.
struct TestAuthority {
    private let authority: RevokingAuthority

    init(_ name: String = "EAP CA") throws { authority = try RevokingAuthority(name) }

    var trust: TrustStore { TrustStore(authorities: [authority.certificate]) }

    /// Credentials with a certificate of this CA; `trust` is what the end itself believes.
    func issue(
        _ name: String,
        names: [AlternativeName],
        trust: TrustStore? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        until end: UnixTime? = nil,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws -> EAPTLSCredentials {
        let own = try authority.issue(name, names: names, purposes: purposes, until: end)
        return EAPTLSCredentials(
            certificates: [own.certificate],
            privateKey: own.key,
            trust: trust ?? self.trust,
            today: Fixture.today,
            versions: versions
        )
    }

    func gateway(
        trust: TrustStore? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        until end: UnixTime? = nil,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws -> EAPTLSCredentials {
        try issue(
            "gw",
            names: [.dns("gw.example.org")],
            trust: trust,
            purposes: purposes,
            until: end,
            versions: versions
        )
    }

    func client(
        trust: TrustStore? = nil,
        purposes: StaticString = "serverAuth,clientAuth",
        until end: UnixTime? = nil
    ) throws -> EAPTLSCredentials {
        var credentials = try issue(
            "alice",
            names: [.email("alice@example.org")],
            trust: trust,
            purposes: purposes,
            until: end
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
