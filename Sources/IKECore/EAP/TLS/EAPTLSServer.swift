import IKECrypto
import IKEWire

/// EAP-TLS, the server's side; see `EAPTLSClient` for the packets.
///
/// The client's certificate must confirm the EAP identity, as IKE compares identities. Who gives no identity at all is who the
/// subject of the certificate says.
struct EAPTLSServer: EAPServerMethod {
    private enum State {
        case handshake
        /// The last of our words is on its way.
        case concluding
        /// The alert is on its way.
        case failing(NegotiationFailure)
    }

    private let identity: [UInt8]
    private var tunnel: EAPTunnel
    private var state = State.handshake

    init(identity: [UInt8], credentials: EAPTLSCredentials) throws(NegotiationFailure) {
        self.identity = identity
        tunnel = try EAPTunnel(
            .tls,
            credentials.settings(.server, peer: try Self.expected(identity), asksForClientCertificate: true)
        )
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

    var refusal: NegotiationFailure? {
        if case .failing(let failure) = state { failure } else { nil }
    }

    mutating func begin(identifier: UInt8) throws(NegotiationFailure) -> [UInt8] { TLSFragments.start }

    mutating func process(_ response: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> EAPServerStep {
        if case .failing(let failure) = state { throw failure }
        switch try tunnel.receive(response) {
        case .packet(let packet): return .request(packet)
        case .failed(let failure, let packet):
            guard let packet else { throw failure }
            state = .failing(failure)
            return .request(packet)
        case .turn(let data):
            guard data.isEmpty else {
                throw .malformedEAP(
                    "the client sends \(data.count) octets inside the tunnel of EAP-TLS, where nothing belongs"
                )
            }
            return try proceed()
        }
    }

    private mutating func proceed() throws(NegotiationFailure) -> EAPServerStep {
        if case .concluding = state {
            let subject = tunnel.session.summary?.peerSubject ?? ""
            return .done(try tunnel.outcome(identity: identity.isEmpty ? Array(subject.utf8) : identity))
        }
        guard let version = tunnel.session.version else { return .request(tunnel.send()) }
        state = .concluding
        switch version {
        case .tls12: return .request(tunnel.send())
        case .tls13: return .request(try tunnel.send(SecretBytes(copying: [0])))
        }
    }
}
