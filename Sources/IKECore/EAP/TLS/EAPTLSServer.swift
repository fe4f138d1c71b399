import IKECrypto
import IKEWire

/// EAP-TLS, the server's side; see `EAPTLSClient` for the packets.
///
/// The client's certificate must confirm the EAP identity, as IKE compares identities. Who gives no identity at all is who the
/// subject of the certificate says.
struct EAPTLSServer: EAPTunnelServer {
    private let identity: [UInt8]
    var tunnel: EAPTunnel
    var alert: NegotiationFailure?
    /// The last of our words is on its way.
    private var isConcluding = false

    init(identity: [UInt8], credentials: EAPTLSCredentials) throws(NegotiationFailure) {
        self.identity = identity
        var settings = credentials.settings(.server, peer: try Self.expected(identity), asksForClientCertificate: true)
        settings.leavesRevocationOpen = true
        tunnel = try EAPTunnel(.tls, settings)
    }

    /// Who the certificate must be for. Identities are text; a Name may also come as its DER, which no text looks like.
    private static func expected(_ identity: [UInt8]) throws(NegotiationFailure) -> Identification? {
        guard !identity.isEmpty else { return nil }
        guard let text = String(validating: identity, as: UTF8.self), text.unicodeScalars.allSatisfy(\.isPrintable)
        else {
            return Identification(type: .distinguishedName, data: identity)
        }
        guard let known = Identification(text) else {
            throw .eap("the EAP identity \"\(text)\" is none that a certificate can confirm")
        }
        return known
    }

    var refusal: NegotiationFailure? { alert }

    mutating func answer(_ data: SecretBytes) throws(NegotiationFailure) -> EAPServerStep {
        guard data.isEmpty else {
            throw .malformedEAP(
                "the client sends \(data.count) octets inside the tunnel of EAP-TLS, where nothing belongs"
            )
        }
        return try proceed()
    }

    private mutating func proceed() throws(NegotiationFailure) -> EAPServerStep {
        if isConcluding {
            let subject = tunnel.session.summary?.peerSubject ?? ""
            return .done(try tunnel.outcome(identity: identity.isEmpty ? Array(subject.utf8) : identity))
        }
        guard let version = tunnel.session.version else { return .request(tunnel.send()) }
        isConcluding = true
        switch version {
        case .tls12: return .request(tunnel.send())
        case .tls13: return .request(try tunnel.send(SecretBytes(copying: [0])))
        }
    }
}
