package import ESP
package import IKEWire
import Inet

/// The number by which the control plane names a configured child here, whether it is trapped or not.
package struct TrapID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package var description: String { "trap #\(rawValue)" }
}

/// A packet wants to go out, its policy is trapped, and no SA carries it: the SA is to be negotiated.
package struct Acquire: Hashable, Sendable {
    package let trap: TrapID
    /// The packet's source and destination as selectors, which go first in the negotiation (RFC 7296 section 2.9).
    package let local: TrafficSelector
    package let remote: TrafficSelector

    package init(trap: TrapID, packet: InnerPacket) {
        self.trap = trap
        let protocolID = packet.nextLayer ?? .any
        let (source, destination): (PortSelector, PortSelector) =
            switch packet.ports {
            case .pair(let source, let destination): (.range(source...source), .range(destination...destination))
            // An SA for nothing but the type of a request would not carry what answers it.
            case .messageType, nil: (.any, .any)
            }
        local = TrafficSelector(protocolID: protocolID, ports: source, addresses: packet.source...packet.source)
        remote = TrafficSelector(
            protocolID: protocolID,
            ports: destination,
            addresses: packet.destination...packet.destination
        )
    }
}
