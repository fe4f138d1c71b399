import IKECrypto
import IKEWire

/// EAP-TLS, the client's side (RFC 5216 section 2.1, RFC 9190 section 2.1).
///
///     Start                              ClientHello
///     the server's part of the handshake the client's part
///     TLS 1.2: Finished, 1.3: 0x00       acknowledgement
///
/// In TLS 1.3 the handshake is over for the client before the server has seen its certificate; an octet of zero inside the
/// tunnel says that the server is content (RFC 9190 section 2.5).
struct EAPTLSClient: EAPTunnelClient {
    static let method = EAPMethod.tls
    private let identity: [UInt8]
    let settings: TLSSettings
    var tunnel: EAPTunnel?
    var outcome: EAPOutcome?
    var failure: NegotiationFailure?

    init(identity: [UInt8], credentials: EAPTLSCredentials) {
        self.identity = identity
        var settings = credentials.settings(
            .client,
            peer: credentials.serverIdentity,
            asksForClientCertificate: false
        )
        // A revoked server learns nothing by this that is secret, unlike one of TTLS.
        settings.leavesRevocationOpen = true
        self.settings = settings
    }

    mutating func answer(_ data: SecretBytes, _ tunnel: inout EAPTunnel) throws(NegotiationFailure) -> [UInt8] {
        guard let version = tunnel.session.version else { return tunnel.send() }
        let isContent =
            switch version {
            case .tls12: data.isEmpty
            case .tls13: data == SecretBytes(copying: [0])
            }
        guard isContent || data.isEmpty else {
            throw .malformedEAP(
                "the server sends \(data.count) octets inside the tunnel of EAP-TLS, where nothing belongs"
            )
        }
        if isContent { outcome = try tunnel.outcome(identity: identity) }
        return tunnel.send()
    }
}
