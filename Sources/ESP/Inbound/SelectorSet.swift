package import IKEWire
import Inet

/// The traffic selectors of one direction of a CHILD SA (RFC 4301 section 4.4.1.1).
///
/// Each side is a list; a packet fits if some entry of the source list fits its source side and some entry of the
/// destination list its destination side, in any pairing, as IKEv2 means them (RFC 4301 section 4.4.1.2).
package struct SelectorSet: Sendable {
    private let sources: [TrafficSelector]
    private let destinations: [TrafficSelector]

    /// Inbound, sources are the peer's selectors and destinations our own; outbound it is the other way round.
    package init(sources: [TrafficSelector], destinations: [TrafficSelector]) {
        self.sources = sources
        self.destinations = destinations
    }

    /// Whether the packet may travel through the SA.
    @inline(__always)
    package func admits(_ packet: InnerPacket) -> Bool {
        let sides = PacketSides(packet)
        return Self.fits(sides.source, sources) && Self.fits(sides.destination, destinations)
    }

    /// Whether one of these selectors fits.
    @inline(__always)
    private static func fits(_ side: PacketSides.Side, _ selectors: [TrafficSelector]) -> Bool {
        for index in selectors.indices where selectors[index].fits(side) { return true }
        return false
    }
}

/// One source selector and one destination selector: the same with nothing to search.
package struct SelectorPair: Sendable {
    private let source: TrafficSelector
    private let destination: TrafficSelector

    package init(source: TrafficSelector, destination: TrafficSelector) {
        self.source = source
        self.destination = destination
    }

    /// Whether the packet fits both.
    @inline(__always)
    package func admits(_ packet: InnerPacket) -> Bool {
        let sides = PacketSides(packet)
        return source.fits(sides.source) && destination.fits(sides.destination)
    }
}
