package import IKEWire
import Inet

/// The traffic selectors of one direction of a CHILD SA, in a form that is quick to check (RFC 4301 section 4.4.1.1).
///
/// Each side is a list; a packet fits if some entry of the source list fits its source side and some entry of the
/// destination list its destination side, in any pairing, as IKEv2 means them (RFC 4301 section 4.4.1.2).
///
/// Ports that a packet does not show, because it is a later fragment or its protocol has none, fit ANY and OPAQUE only.
/// OPAQUE fits nothing else. A later fragment fits OPAQUE only where it cannot overlap the ports that another fragment
/// showed (RFC 4301 section 7.2).
package struct SelectorSet: Sendable {
    private let sources: [Entry]
    private let destinations: [Entry]

    /// Inbound, sources are the peer's selectors and destinations our own; outbound it is the other way round.
    package init(sources: [TrafficSelector], destinations: [TrafficSelector]) {
        self.sources = sources.map { Entry($0) }
        self.destinations = destinations.map { Entry($0) }
    }

    /// Whether the packet may travel through the SA.
    @inline(__always)
    package func admits(_ packet: InnerPacket) -> Bool {
        let sourcePort: SidePort
        let destinationPort: SidePort
        switch packet.ports {
        case .pair(let source, let destination):
            (sourcePort, destinationPort) = (.visible(source), .visible(destination))
        case .messageType(let type):
            // One value for two selectors: that of the sending side says what it may send (RFC 4301 section 4.4.1.3).
            (sourcePort, destinationPort) = (.visible(type), .unselected)
        case nil:
            let hidden = SidePort.hidden(mayBeOpaque: packet.fragment?.cannotReachPorts(packet.family) ?? true)
            (sourcePort, destinationPort) = (hidden, hidden)
        }
        return Self.admits(packet.source, packet.nextLayer, sourcePort, in: sources)
            && Self.admits(packet.destination, packet.nextLayer, destinationPort, in: destinations)
    }

    @inline(__always)
    private static func admits(
        _ address: IPAddress,
        _ nextLayer: IPProtocol?,
        _ port: SidePort,
        in entries: [Entry]
    ) -> Bool {
        for index in entries.indices where entries[index].fits(address, nextLayer, port) { return true }
        return false
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

// MARK: - One selector

extension SelectorSet {
    /// What one side of a packet offers to a port selector.
    private enum SidePort {
        case visible(UInt16)
        /// Not in the packet; OPAQUE fits if it may.
        case hidden(mayBeOpaque: Bool)
        /// The selector of this side has no say.
        case unselected
    }

    /// A traffic selector as plain numbers, which are compared in line; the types of other modules would be called
    /// into.
    private struct Entry {
        private enum Ports {
            case any
            case opaque
            case range(ClosedRange<UInt16>)
        }

        // The largest first: there are many of them.
        private let first: UInt128
        private let last: UInt128
        private let isIPv4: Bool
        /// 0 for any, also for one that cannot be seen.
        private let nextLayer: UInt8
        private let ports: Ports

        init(_ selector: TrafficSelector) {
            isIPv4 = Self.isIPv4(selector.addresses.lowerBound)
            first = Self.number(selector.addresses.lowerBound)
            last = Self.number(selector.addresses.upperBound)
            nextLayer = selector.protocolID.rawValue
            ports =
                switch selector.ports {
                case .opaque: .opaque
                case .range(let range) where range == 0...UInt16.max: .any
                case .range(let range): .range(range)
                }
        }

        private static func isIPv4(_ address: IPAddress) -> Bool {
            switch address.family {
            case .v4: true
            case .v6: false
            }
        }

        private static func number(_ address: IPAddress) -> UInt128 {
            UInt128(address.high) << 64 | UInt128(address.low)
        }

        @inline(__always)
        func fits(_ address: IPAddress, _ nextLayer: IPProtocol?, _ port: SidePort) -> Bool {
            let number = Self.number(address)
            guard Self.isIPv4(address) == isIPv4, first <= number, number <= last else { return false }
            guard self.nextLayer == 0 || self.nextLayer == nextLayer?.rawValue else { return false }
            switch (ports, port) {
            case (.any, _), (_, .unselected): return true
            case (.opaque, .hidden(let mayBeOpaque)): return mayBeOpaque
            case (.range(let range), .visible(let port)): return range.contains(port)
            case (.opaque, .visible), (.range, .hidden): return false
            }
        }
    }
}
