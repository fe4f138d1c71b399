import IKEWire
import Inet

/// What the two sides of a packet offer to traffic selectors.
///
/// Ports that a packet does not show, because it is a later fragment or its protocol has none, fit ANY and OPAQUE only.
/// OPAQUE fits nothing else. A later fragment fits OPAQUE only where it cannot overlap the ports that another fragment
/// showed (RFC 4301 section 7.2).
struct PacketSides {
    let source: Side
    let destination: Side

    struct Side {
        let address: IPAddress
        let nextLayer: IPProtocol?
        let port: Port
    }

    enum Port {
        case visible(UInt16)
        /// Not in the packet; OPAQUE fits if it may.
        case hidden(mayBeOpaque: Bool)
        /// The selector of this side has no say.
        case unselected
    }

    @inline(__always)
    init(_ packet: InnerPacket) {
        let sourcePort: Port
        let destinationPort: Port
        switch packet.ports {
        case .pair(let source, let destination):
            (sourcePort, destinationPort) = (.visible(source), .visible(destination))
        case .messageType(let type):
            // One value for two selectors: that of the sending side says what it may send (RFC 4301 section 4.4.1.3).
            (sourcePort, destinationPort) = (.visible(type), .unselected)
        case nil:
            let hidden = Port.hidden(mayBeOpaque: packet.fragment?.cannotReachPorts(packet.family) ?? true)
            (sourcePort, destinationPort) = (hidden, hidden)
        }
        source = Side(address: packet.source, nextLayer: packet.nextLayer, port: sourcePort)
        destination = Side(address: packet.destination, nextLayer: packet.nextLayer, port: destinationPort)
    }
}

extension InnerPacket.Fragment {
    /// RFC 4301 appendix D suggests that a fragment further inside than this cannot overlap any port field, whatever
    /// the options. The IPv6 headers in front of the ports have no such limit.
    private static let safeIPv4Offset = 128

    fileprivate func cannotReachPorts(_ family: IPAddress.Family) -> Bool {
        switch family {
        case .v4: offset >= Self.safeIPv4Offset
        case .v6: false
        }
    }
}

extension TrafficSelector {
    /// Whether this side of a packet fits. It looks at stored numbers, which is done in line: functions of the module that the
    /// selector is of would be called.
    @inline(__always)
    func fits(_ side: PacketSides.Side) -> Bool {
        let number = Self.number(side.address)
        guard Self.isIPv4(side.address) == Self.isIPv4(addresses.lowerBound),
            Self.number(addresses.lowerBound) <= number, number <= Self.number(addresses.upperBound)
        else { return false }
        // 0 is any protocol, also one that cannot be seen.
        guard protocolID.rawValue == 0 || protocolID.rawValue == side.nextLayer?.rawValue else { return false }
        switch (ports, side.port) {
        case (_, .unselected): return true
        case (.range(let range), .visible(let port)): return range.contains(port)
        case (.range(let range), .hidden): return range.lowerBound == 0 && range.upperBound == UInt16.max
        case (.opaque, .hidden(let mayBeOpaque)): return mayBeOpaque
        case (.opaque, .visible): return false
        }
    }

    @inline(__always)
    private static func isIPv4(_ address: IPAddress) -> Bool {
        switch address.family {
        case .v4: true
        case .v6: false
        }
    }

    @inline(__always)
    private static func number(_ address: IPAddress) -> UInt128 {
        UInt128(address.high) << 64 | UInt128(address.low)
    }
}
