import IKECrypto
import IKEWire

/// The server's side of a method whose packets are those of a TLS session; the method itself says what goes on inside.
protocol EAPTunnelServer: EAPServerMethod {
    var tunnel: EAPTunnel { get set }
    /// Why TLS has failed, once the alert is on its way.
    var alert: NegotiationFailure? { get set }

    /// The client has said all it has to say for now, with `data` inside the tunnel.
    mutating func answer(_ data: SecretBytes) throws(NegotiationFailure) -> EAPServerStep
}

extension EAPTunnelServer {
    mutating func begin(identifier: UInt8) throws(NegotiationFailure) -> [UInt8] { TLSFragments.start }

    mutating func process(_ response: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> EAPServerStep {
        if let alert { throw alert }
        switch try tunnel.receive(response) {
        case .packet(let packet): return .request(packet)
        case .failed(let failure, let packet):
            guard let packet else { throw failure }
            alert = failure
            return .request(packet)
        case .turn(let data): return try answer(data)
        }
    }
}
