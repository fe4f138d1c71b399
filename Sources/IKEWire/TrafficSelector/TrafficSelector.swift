package import Inet

/// Which packets an SA carries, seen from one end: a protocol, a range of ports and a range of addresses
/// (RFC 7296 section 3.13.1).
package struct TrafficSelector: Hashable, Sendable {
    /// `.any` for all protocols.
    package var protocolID: IPProtocol
    /// Which ports at this selector's end.
    package var ports: PortSelector
    /// Two addresses of one family.
    package var addresses: ClosedRange<IPAddress>

    /// Every protocol and port, unless said otherwise.
    package init(protocolID: IPProtocol = .any, ports: PortSelector = .any, addresses: ClosedRange<IPAddress>) {
        self.protocolID = protocolID
        self.ports = ports
        self.addresses = addresses
    }

    /// A whole block of addresses.
    package init(_ prefix: IPPrefix, protocolID: IPProtocol = .any, ports: PortSelector = .any) {
        self.init(protocolID: protocolID, ports: ports, addresses: prefix.first...prefix.last)
    }

    /// Every packet of one family.
    package static func all(_ family: IPAddress.Family) -> TrafficSelector {
        TrafficSelector(addresses: .unspecified(family) ... .last(of: family))
    }

    /// The family of the addresses.
    package var family: IPAddress.Family { addresses.lowerBound.family }

    /// The addresses as the shortest list of blocks, for routes.
    package var prefixes: [IPPrefix] { IPPrefix.covering(addresses) }
}

/// The ports of a selector; for ICMP and MIPv6 the type in the upper and the code in the lower octet
/// (RFC 7296 section 3.13.1, RFC 4301 section 4.4.1.1).
package enum PortSelector: Hashable, Sendable {
    case range(ClosedRange<UInt16>)
    /// Packets whose ports cannot be seen, such as fragments that are not the first; no others.
    case opaque

    /// All ports, and packets whose ports cannot be seen.
    package static let any = PortSelector.range(0...UInt16.max)
}

// MARK: - Sets of packets

extension TrafficSelector {
    /// True if every packet of `other` is one of this selector's.
    package func contains(_ other: TrafficSelector) -> Bool {
        intersection(other) == other
    }

    /// The packets that both select; nil if there are none. This is how a responder narrows (RFC 7296 section 2.9).
    package func intersection(_ other: TrafficSelector) -> TrafficSelector? {
        let protocolID: IPProtocol
        switch (self.protocolID, other.protocolID) {
        case (.any, let only), (let only, .any): protocolID = only
        case (let one, let another) where one == another: protocolID = one
        default: return nil
        }
        guard family == other.family, let ports = ports.intersection(other.ports),
            addresses.overlaps(other.addresses)
        else { return nil }
        return TrafficSelector(
            protocolID: protocolID,
            ports: ports,
            addresses: addresses.clamped(to: other.addresses)
        )
    }

    /// True for a packet with this protocol and this address and port at the selector's end.
    ///
    /// - Parameter port: nil where a packet has none or does not show it.
    package func matches(protocol protocolID: IPProtocol, address: IPAddress, port: UInt16?) -> Bool {
        (self.protocolID == .any || self.protocolID == protocolID)
            && addresses.contains(address)
            && ports.matches(port)
    }
}

extension PortSelector {
    func intersection(_ other: PortSelector) -> PortSelector? {
        switch (self, other) {
        case (.opaque, .opaque): .opaque
        // "ANY" includes "OPAQUE" (RFC 7296 section 3.13.1).
        case (.opaque, .any), (.any, .opaque): .opaque
        case (.opaque, .range), (.range, .opaque): nil
        case (.range(let one), .range(let another)):
            one.overlaps(another) ? .range(one.clamped(to: another)) : nil
        }
    }

    func matches(_ port: UInt16?) -> Bool {
        switch self {
        case .any: true
        case .range(let range): port.map(range.contains) ?? false
        case .opaque: port == nil
        }
    }
}
