import ESP
import Inet
import LinuxNet

/// The sealed packets that wait to leave through one socket, and where each came from.
///
/// It belongs to one thread, and no call leads back into it, so that its state is exempt from the run-time check for overlapping
/// access.
final class SendLane {
    /// Messages in one send call at most; each is one packet or many that are joined.
    private static let capacity = 64
    private static let octets = 384 << 10

    /// What a sealed packet was made from.
    struct Origin {
        let packet: DeviceBuffer.Packet
        /// Whether it still stands in the buffer as it was: the end of a segment has given way to the next one's header.
        let isWhole: Bool
    }

    /// A datagram that the kernel did not take.
    struct Refusal {
        let child: OutboundChild
        let origin: Origin
        let code: Int32
    }

    let socket: PlaneSocket
    /// Whether the socket's queue is full, so that the rest waits for it to become writable.
    @exclusivity(unchecked) private(set) var isBlocked = false
    @exclusivity(unchecked) private var batch: SendBatch
    /// The way of the last packet, which the next one may join.
    @exclusivity(unchecked) private var lastWay: Way?
    /// The way of the packet that the last `room` is for.
    @exclusivity(unchecked) private var roomWay: Way?
    /// The SAs of the waiting packets, one for each run of packets of one SA.
    @exclusivity(unchecked) private var children: [OutboundChild] = []
    /// Of each waiting packet, and the place of its SA among `children`.
    @exclusivity(unchecked) private var origins: [(origin: Origin, child: Int)] = []
    @exclusivity(unchecked) private var refusals: [Refusal] = []

    /// - Parameter joins: whether the kernel is asked to cut up joined packets.
    init(_ socket: PlaneSocket, joins: Bool) {
        self.socket = socket
        batch = SendBatch(
            capacity: Self.capacity,
            octets: Self.octets,
            joins: joins && socket.role == .natTraversal
        )
        children.reserveCapacity(Self.capacity)
        origins.reserveCapacity(Self.capacity)
    }

    /// Where a packet goes, and how it is marked: told by its SA, which is quicker to compare than addresses.
    private struct Way: Equatable {
        let child: ObjectIdentifier
        let route: UInt32
        let trafficClass: UInt8

        init(_ child: OutboundChild, _ trafficClass: TrafficClass) {
            self.child = ObjectIdentifier(child)
            route = child.route
            self.trafficClass = trafficClass.rawValue
        }
    }

    var isEmpty: Bool { batch.isEmpty }
    /// How many packets have been joined to others so far.
    var joined: UInt64 { batch.joined }
    /// How often the kernel has refused joined packets so far.
    var refusedJoined: UInt64 { batch.refusedJoined }

    /// Whether all that a packet of the device may become fits: one sealed packet, or the segments of a super-packet. While
    /// it does not, the lane has to be sent.
    var hasRoom: Bool { batch.hasRoom(octets: Self.mostSealed, messages: Self.mostMessages) }
    /// 64 KiB in segments of 64 octets, with what sealing adds to each.
    private static let mostSealed = 192 << 10
    private static let mostMessages = 32

    /// Memory for the next sealed packet, of exactly `length` octets; nil if it has no room.
    func room(for length: Int, of child: OutboundChild, _ trafficClass: TrafficClass) -> UnsafeMutableRawBufferPointer?
    {
        let way = Way(child, trafficClass)
        roomWay = way
        return batch.room(for: length, joining: way == lastWay)
    }

    /// Adds what was written to the last `room`, which was for this SA and traffic class.
    func commit(_ length: Int, of child: OutboundChild, _ trafficClass: TrafficClass, _ origin: Origin) {
        if !batch.commitJoining(length) {
            let encapsulation = child.path.encapsulation
            batch.commit(
                length,
                to: encapsulation.remote,
                from: encapsulation.local.address,
                trafficClass: trafficClass.rawValue
            )
            lastWay = roomWay
            if children.last !== child { children.append(child) }
        }
        origins.append((origin, children.count - 1))
    }

    /// Sends what is there. What does not fit into the socket's queue stays; `isBlocked` tells.
    func flush() {
        isBlocked = !batch.flush(through: socket.socket) { number, code in
            let (origin, child) = origins[number]
            refusals.append(Refusal(child: children[child], origin: origin, code: code))
        }
        guard !isBlocked else { return }
        origins.removeAll(keepingCapacity: true)
        children.removeAll(keepingCapacity: true)
        lastWay = nil
    }

    /// What the kernel has refused since the last call. It is rare, so the array is given away.
    func takeRefusals() -> [Refusal] {
        guard !refusals.isEmpty else { return [] }
        defer { refusals = [] }
        return refusals
    }
}
