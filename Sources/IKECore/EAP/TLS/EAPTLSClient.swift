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
struct EAPTLSClient: EAPClientMethod {
    private let identity: [UInt8]
    private let settings: TLSSettings
    private var tunnel: EAPTunnel?
    private(set) var outcome: EAPOutcome?
    private(set) var failure: NegotiationFailure?

    init(identity: [UInt8], credentials: EAPTLSCredentials) {
        self.identity = identity
        settings = credentials.settings(.client, peer: credentials.serverIdentity, asksForClientCertificate: false)
    }

    mutating func respond(to request: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> [UInt8] {
        guard var tunnel else {
            guard TLSFragments.isStart(request) else {
                throw .malformedEAP("the server's first packet of EAP-TLS is not its start")
            }
            var tunnel = try EAPTunnel(.tls, settings)
            defer { self.tunnel = tunnel }
            return try tunnel.open()
        }
        defer { self.tunnel = tunnel }
        // The alert is said, and nothing more.
        guard failure == nil else { return tunnel.send() }
        switch try tunnel.receive(request) {
        case .packet(let packet): return packet
        case .failed(let failure, let packet):
            (self.failure, outcome) = (failure, nil)
            return packet ?? tunnel.send()
        case .turn(let data):
            try take(data, tunnel)
            return tunnel.send()
        }
    }

    private mutating func take(_ data: SecretBytes, _ tunnel: EAPTunnel) throws(NegotiationFailure) {
        guard let version = tunnel.session.version else { return }
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
    }
}
