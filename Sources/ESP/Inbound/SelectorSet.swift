package import IKEWire
import Inet

/// The traffic selectors of one direction of a CHILD SA, in a form that is quick to check (RFC 4301 section 4.4.1.1).
///
/// Each side is a list; a packet fits if some entry of the source list fits its source side and some entry of the
/// destination list its destination side, in any pairing, as IKEv2 means them (RFC 4301 section 4.4.1.2).
package struct SelectorSet: Sendable {
    /// The sources, then the destinations.
    private let selectors: [SideSelector]
    private let sourceCount: Int

    /// Inbound, sources are the peer's selectors and destinations our own; outbound it is the other way round.
    package init(sources: [TrafficSelector], destinations: [TrafficSelector]) {
        selectors = sources.map { SideSelector($0) } + destinations.map { SideSelector($0) }
        sourceCount = sources.count
    }

    /// Whether the packet may travel through the SA.
    @inline(__always)
    package func admits(_ packet: InnerPacket) -> Bool {
        let sides = PacketSides(packet)
        return admits(sides.source, 0..<sourceCount) && admits(sides.destination, sourceCount..<selectors.count)
    }

    /// Whether one of these selectors fits.
    @inline(__always)
    private func admits(_ side: PacketSides.Side, _ indices: Range<Int>) -> Bool {
        for index in indices where selectors[index].fits(side) { return true }
        return false
    }
}

/// One source selector and one destination selector: the same with nothing to search.
package struct SelectorPair: Sendable {
    private let source: SideSelector
    private let destination: SideSelector

    package init(source: TrafficSelector, destination: TrafficSelector) {
        self.source = SideSelector(source)
        self.destination = SideSelector(destination)
    }

    /// Whether the packet fits both.
    @inline(__always)
    package func admits(_ packet: InnerPacket) -> Bool {
        let sides = PacketSides(packet)
        return source.fits(sides.source) && destination.fits(sides.destination)
    }
}
