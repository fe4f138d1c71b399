package import IKEWire

/// What one side brings to a session of TLS.
package struct TLSSettings: Sendable {
    package enum Role: Hashable, Sendable {
        case client, server
    }

    package var role: Role
    /// Our own certificate and the intermediates behind it; a server needs one.
    package var certificates: [X509Certificate]
    /// The key of the first of them.
    package var privateKey: PrivateKey?
    package var trust: TrustStore
    /// The peer's chain must lead through one of these; without any, to whatever authority is trusted.
    package var authorities: [X509Certificate]
    package var revocation: RevocationPolicy
    /// Whether the session goes on where more could be found out about the peer's revocation, which the owner then must do
    /// (`TLSSession.pendingRevocation`) before anything that the session proves counts.
    package var leavesRevocationOpen = false
    package var today: UnixTime
    /// Who the peer's certificate must be for; nil for anyone that is trusted.
    package var peerIdentity: Identification?
    /// A server's wish, which the client must follow. A client always sees a certificate.
    package var asksForClientCertificate: Bool
    package var versions: ClosedRange<TLSVersion>

    package init(
        role: Role,
        certificates: [X509Certificate],
        privateKey: PrivateKey?,
        trust: TrustStore,
        authorities: [X509Certificate] = [],
        revocation: RevocationPolicy,
        today: UnixTime,
        peerIdentity: Identification?,
        asksForClientCertificate: Bool,
        versions: ClosedRange<TLSVersion>
    ) {
        self.role = role
        self.certificates = certificates
        self.privateKey = privateKey
        self.trust = trust
        self.authorities = authorities
        self.revocation = revocation
        self.today = today
        self.peerIdentity = peerIdentity
        self.asksForClientCertificate = asksForClientCertificate
        self.versions = versions
    }
}
