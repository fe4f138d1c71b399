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
}

/// What the worker has for the control plane.
package struct DataPlaneEvents: Sendable {
    /// In the order of arrival on each socket.
    package var datagrams: [IKEDatagram] = []
    /// SAs whose path is another one, or has turned out narrower: `innerMTU` of their counters is what the routes should say
    /// now.
    package var resized: Set<ChildID> = []
    /// How the newest authentic packet of an SA came in UDP, where that was not as expected.
    package var strays: [ChildID: Encapsulation] = [:]
    /// Trapped policies whose packets wait for an SA: one for each trap until `concludeAcquire` is called.
    package var acquires: [Acquire] = []
    /// The device is gone, for example deleted by somebody; no packet leaves any more.
    package var deviceFailure: Errno?
}

/// Carries events from the worker to the control plane. Bounded: a flood costs its own datagrams, not our memory.
final class EventMailbox: Sendable {
    /// Octets of datagrams that wait at most, since their count says little about their size.
    private static let octetCapacity = 4 << 20

    private struct Content {
        var events = DataPlaneEvents()
        var octets = 0
    }

    let bell: EventFD
    private let capacity: Int
    private let content = Mutex(Content())

    init(capacity: Int) throws(Errno) {
        self.bell = try EventFD()
        self.capacity = capacity
    }

    /// Delivers datagrams and empties the array, whose memory is kept; returns how many found no room.
    func post(_ datagrams: inout [IKEDatagram]) -> Int {
        let lost = content.withLock { content in
            var lost = 0
            for datagram in datagrams {
                if content.events.datagrams.count < capacity,
                    content.octets + datagram.bytes.count <= Self.octetCapacity
                {
                    content.events.datagrams.append(datagram)
                    content.octets += datagram.bytes.count
                } else {
                    lost += 1
                }
            }
            return lost
        }
        datagrams.removeAll(keepingCapacity: true)
        bell.ring()
        return lost
    }

    func postResized(_ child: ChildID) {
        _ = content.withLock { $0.events.resized.insert(child) }
        bell.ring()
    }

    func postStray(_ child: ChildID, _ arrival: Encapsulation) {
        content.withLock { $0.events.strays[child] = arrival }
        bell.ring()
    }

    /// There are no more of them than traps.
    func post(_ acquire: Acquire) {
        content.withLock { $0.events.acquires.append(acquire) }
        bell.ring()
    }

    func postDeviceFailure(_ error: Errno) {
        content.withLock { $0.events.deviceFailure = error }
        bell.ring()
    }

    /// All that has been posted since the last call.
    func collect() -> DataPlaneEvents {
        bell.clear()
        return content.withLock { content in
            defer { content = Content() }
            return content.events
        }
    }
}
