package import IKECrypto
package import IKEWire

/// What an end brings to a handshake of TLS within EAP.
package struct EAPTLSCredentials: Sendable {
    /// Our own certificate and the intermediates behind it. May be empty for the client of TTLS.
    package var certificates: [X509Certificate]
    /// The key of the first of them.
    package var privateKey: PrivateKey?
    /// Whose certificates are believed.
    package var trust: TrustStore
    /// The peer's chain must lead through one of these; without any, to whatever authority is trusted.
    package var authorities: [X509Certificate] = []
    package var revocation: RevocationPolicy
    package var today: UnixTime
    /// The client's side: who the server's certificate must be for, as IKE compares identities; nil for anyone that is trusted.
    package var serverIdentity: Identification?
    /// The server's side, TTLS only: whether the client must show a certificate too. EAP-TLS always asks for one.
    package var asksForClientCertificate: Bool
    package var versions: ClosedRange<TLSVersion>

    package init(
        certificates: [X509Certificate] = [],
        privateKey: PrivateKey? = nil,
        trust: TrustStore,
        revocation: RevocationPolicy = .relaxed,
        today: UnixTime,
        serverIdentity: Identification? = nil,
        asksForClientCertificate: Bool = false,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) {
        self.certificates = certificates
        self.privateKey = privateKey
        self.trust = trust
        self.revocation = revocation
        self.today = today
        self.serverIdentity = serverIdentity
        self.asksForClientCertificate = asksForClientCertificate
        self.versions = versions
    }

    /// Whether there is a certificate of our own to show, with its key.
    package var hasCertificate: Bool { !certificates.isEmpty && privateKey != nil }
}
