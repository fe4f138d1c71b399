import IKECrypto
import IKEWire

/// The client's side of a method whose packets are those of a TLS session; the method itself says what goes on inside.
protocol EAPTunnelClient: EAPClientMethod {
    static var method: EAPMethod { get }
    var settings: TLSSettings { get }
    /// Nil before the server's start.
    var tunnel: EAPTunnel? { get set }
    var outcome: EAPOutcome? { get set }
    var failure: NegotiationFailure? { get set }

    /// The packet that answers the server, which has said all it has to say for now, with `data` inside the tunnel.
    mutating func answer(_ data: SecretBytes, _ tunnel: inout EAPTunnel) throws(NegotiationFailure) -> [UInt8]
}

extension EAPTunnelClient {
    mutating func respond(to request: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> [UInt8] {
        guard var tunnel else {
            guard TLSFragments.isStart(request) else {
                throw .malformedEAP("the server's first packet of \(Self.method) is not its start")
            }
            var tunnel = try EAPTunnel(Self.method, settings)
            defer { self.tunnel = tunnel }
            return try tunnel.open()
        }
        defer { self.tunnel = tunnel }
        // The alert is said, or all is, and the server has only to end it.
        guard failure == nil else { return tunnel.send() }
        switch try tunnel.receive(request) {
        case .packet(let packet): return packet
        case .failed(let failure, let packet):
            (self.failure, outcome) = (failure, nil)
            return packet ?? tunnel.send()
        case .turn(let data): return try answer(data, &tunnel)
        }
    }
}
