package import IKEWire
package import Inet
package import LinuxNet
import Synchronization

/// An IKE message as it arrived, without the non-ESP marker.
package struct IKEDatagram: Hashable, Sendable {
    package let bytes: [UInt8]
    /// Our address and port; the answer leaves from there, and the port tells whether NAT traversal is in use.
    package let local: SocketAddress
    package let remote: SocketAddress

    package init(bytes: [UInt8], local: SocketAddress, remote: SocketAddress) {
        self.bytes = bytes
        self.local = local
        self.remote = remote
    }

    /// Asks for a new IKE SA: what anybody may send, and what floods consist of.
    var isFirstRequest: Bool {
        guard let header = try? Header(parsing: bytes.span.bytes) else { return true }
        return header.exchangeType == .ikeSAInit && !header.isResponse
    }
}

/// A packet that was refused and of which its sender should hear.
package enum PacketRefusal: Hashable, Sendable {
    /// ESP with an SPI that no SA has; ports are 0 where it came without UDP.
    case unknownSPI(ESPSPI, local: SocketAddress, remote: SocketAddress)
    /// Authentic, but outside of the SA's selectors; how the inner packet starts.
    case outsideSelectors(ChildID, start: [UInt8])
}

/// A worker sends on an SA that is for all, and would rather have one of its own.
package struct WorkerWish: Hashable, Sendable {
    package let child: ChildID
    package let worker: UInt32
}

/// What the workers have for the control plane.
package struct DataPlaneEvents: Sendable {
    /// Those of IKE SAs that exist, then requests for new ones; each in the order of arrival on each socket.
    package var datagrams: [IKEDatagram] = []
    /// SAs whose path is another one, or has turned out narrower: `innerMTU` of their counters is what the routes should say
    /// now.
    package var resized: Set<ChildID> = []
    /// How the newest authentic packet of an SA came in UDP, where that was not as expected.
    package var strays: [ChildID: Encapsulation] = [:]
    /// Trapped policies whose packets wait for an SA: one for each trap until `concludeAcquire` is called.
    package var acquires: [Acquire] = []
    /// Each comes again after a second, while it has not been granted and there are packets.
    package var wishes: Set<WorkerWish> = []
    /// Not every refused packet: enough to tell the senders.
    package var refusals: [PacketRefusal] = []
    /// The device is gone, for example deleted by somebody; no packet leaves any more.
    package var deviceFailure: Errno?
}

/// Carries events from the workers to the control plane. Bounded: a flood costs its own datagrams, not our memory.
///
/// Requests for new IKE SAs have a queue of their own, which is emptied when the other one is empty: a flood of them neither takes
/// the room of messages that belong to IKE SAs, nor the time.
final class EventMailbox: Sendable {
    /// Refusals that wait at most.
    private static let refusalCapacity = 16

    private struct Content {
        var ofSAs: DatagramQueue
        var firstRequests: DatagramQueue
        /// All but the datagrams.
        var others = DataPlaneEvents()
        /// Traps whose SA has been asked for.
        var asked: Set<TrapID> = []
    }

    let bell: EventFD
    private let content: Mutex<Content>

    /// - Parameter capacity: how many datagrams of each kind wait at most.
    init(capacity: Int) throws(Errno) {
        self.bell = try EventFD()
        content = Mutex(
            Content(
                ofSAs: DatagramQueue(capacity: capacity, octetCapacity: 4 << 20),
                firstRequests: DatagramQueue(capacity: capacity, octetCapacity: 1 << 20)
            )
        )
    }

    /// Delivers datagrams and empties the array, whose memory is kept; returns how many found no room.
    func post(_ datagrams: inout [IKEDatagram]) -> Int {
        let lost = content.withLock { content in
            datagrams.count { datagram in
                datagram.isFirstRequest ? !content.firstRequests.add(datagram) : !content.ofSAs.add(datagram)
            }
        }
        datagrams.removeAll(keepingCapacity: true)
        bell.ring()
        return lost
    }

    func postResized(_ child: ChildID) {
        _ = content.withLock { $0.others.resized.insert(child) }
        bell.ring()
    }

    func postStray(_ child: ChildID, _ arrival: Encapsulation) {
        content.withLock { $0.others.strays[child] = arrival }
        bell.ring()
    }

    /// There are no more of them than traps: what several workers ask for is asked for once, until `conclude`.
    func post(_ acquire: Acquire) {
        let isFirst = content.withLock { content in
            guard content.asked.insert(acquire.trap).inserted else { return false }
            content.others.acquires.append(acquire)
            return true
        }
        if isFirst { bell.ring() }
    }

    func post(_ wish: WorkerWish) {
        _ = content.withLock { $0.others.wishes.insert(wish) }
        bell.ring()
    }

    /// The SA of a trap may be asked for again.
    func conclude(_ trap: TrapID) { _ = content.withLock { $0.asked.remove(trap) } }

    func post(_ refusal: PacketRefusal) {
        content.withLock { content in
            if content.others.refusals.count < Self.refusalCapacity { content.others.refusals.append(refusal) }
        }
        bell.ring()
    }

    func postDeviceFailure(_ error: Errno) {
        content.withLock { $0.others.deviceFailure = error }
        bell.ring()
    }

    /// What has been posted since the last call, but no more than `limit` datagrams: the bell goes on ringing for the others.
    func collect(limit: Int) -> DataPlaneEvents {
        bell.clear()
        let (events, hasMore) = content.withLock { content in
            var events = content.others
            content.others = DataPlaneEvents()
            content.ofSAs.take(limit, into: &events.datagrams)
            content.firstRequests.take(limit - events.datagrams.count, into: &events.datagrams)
            return (events, !content.ofSAs.isEmpty || !content.firstRequests.isEmpty)
        }
        if hasMore { bell.ring() }
        return events
    }
}

/// Datagrams that wait, first in, first out, bounded in their number and in their octets, since the one says little about the other.
struct DatagramQueue {
    private let capacity: Int
    private let octetCapacity: Int
    private var datagrams: [IKEDatagram] = []
    /// The first one that has not been taken.
    private var start = 0
    private var octets = 0

    init(capacity: Int, octetCapacity: Int) {
        self.capacity = capacity
        self.octetCapacity = octetCapacity
    }

    var isEmpty: Bool { start == datagrams.count }

    /// False if there was no room.
    mutating func add(_ datagram: IKEDatagram) -> Bool {
        guard datagrams.count - start < capacity, octets + datagram.bytes.count <= octetCapacity else { return false }
        if start >= capacity {
            datagrams.removeFirst(start)
            start = 0
        }
        datagrams.append(datagram)
        octets += datagram.bytes.count
        return true
    }

    mutating func take(_ limit: Int, into taken: inout [IKEDatagram]) {
        let end = start + min(datagrams.count - start, max(0, limit))
        for datagram in datagrams[start..<end] { octets -= datagram.bytes.count }
        taken += datagrams[start..<end]
        start = end
        if isEmpty {
            datagrams = []
            start = 0
        }
    }
}
