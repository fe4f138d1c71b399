import IKECrypto
import IKEWire

/// EAP-TTLS, the client's side (RFC 5281 section 7), with EAP-MSCHAPv2 in the tunnel.
///
///     Start                              ClientHello
///     the server's part of the handshake the client's part
///     Finished, in TLS 1.2               EAP-Message(Response Identity)
///     EAP-Message(Request ...)           EAP-Message(Response ...)        in the tunnel, until the method there is done
///
/// The server's certificate is verified before anything goes through the tunnel. A certificate of our own is shown if the server
/// asks for it.
struct TTLSClient: EAPTunnelClient {
    static let method = EAPMethod.ttls
    private let identity: [UInt8]
    let settings: TLSSettings
    var tunnel: EAPTunnel?
    private var inner: EAPPeer
    private var hasBegunInside = false
    var outcome: EAPOutcome?
    var failure: NegotiationFailure?

    init(identity: [UInt8], password: SecretBytes, credentials: EAPTLSCredentials, random: any RandomSource) {
        self.identity = identity
        settings = credentials.settings(.client, peer: credentials.serverIdentity, asksForClientCertificate: false)
        inner = EAPPeer(method: .mschapV2, identity: identity, password: password, tls: nil, random: random)
    }

    mutating func answer(_ data: SecretBytes, _ tunnel: inout EAPTunnel) throws(NegotiationFailure) -> [UInt8] {
        guard tunnel.session.isEstablished else { return tunnel.send() }
        // An octet of zero is how a server with TLS 1.3 may say that it is content (RFC 9427 section 3.1).
        let isSilent = data.isEmpty || data == SecretBytes(copying: [0])
        guard isSilent else { return try answer(inside: data, &tunnel) }
        guard !hasBegunInside else { return tunnel.send() }
        hasBegunInside = true
        return try tunnel.send(EAPMessage.response(identifier: 0, type: .identity, data: identity))
    }

    private mutating func answer(
        inside data: SecretBytes,
        _ tunnel: inout EAPTunnel
    ) throws(NegotiationFailure) -> [UInt8] {
        hasBegunInside = true
        let attributes = try [AVP](data, from: "server", known: [.eapMessage])
        guard let octets = attributes.octets(.eapMessage) else { return tunnel.send() }
        let message = try EAPMessage(tunneled: octets, from: "server")
        guard message.code == .request else {
            // The method inside may end by itself, before the one outside does.
            do throws(NegotiationFailure) {
                _ = try inner.finish(message)
            } catch {
                (failure, outcome) = (error, nil)
            }
            return tunnel.send()
        }
        let response = try inner.respond(to: message)
        failure = inner.failure
        outcome = try inner.outcome.map { (inner) throws(NegotiationFailure) in
            try tunnel.outcome(identity: inner.identity)
        }
        return try tunnel.send(response)
    }
}
