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
        let child: OutboundChild
        let packet: DeviceBuffer.Packet
        /// Whether it still stands in the buffer as it was: the end of a segment has given way to the next one's header.
        let isWhole: Bool
    }

    /// A datagram that the kernel did not take.
    struct Refusal {
        let origin: Origin
        let code: Int32
    }

    let socket: PlaneSocket
    /// Whether the socket's queue is full, so that the rest waits for it to become writable.
    @exclusivity(unchecked) private(set) var isBlocked = false
    @exclusivity(unchecked) private var batch: SendBatch
    /// The way of the last packet, which the next one may join.
    @exclusivity(unchecked) private var lastWay: Way?
    @exclusivity(unchecked) private var origins: [Origin] = []
    @exclusivity(unchecked) private var refusals: [Refusal] = []

    /// - Parameter joins: whether the kernel is asked to cut up joined packets.
    init(_ socket: PlaneSocket, joins: Bool) {
        self.socket = socket
        batch = SendBatch(
            capacity: Self.capacity,
            octets: Self.octets,
            joins: joins && socket.role == .natTraversal
        )
        origins.reserveCapacity(Self.capacity)
    }

    /// Where a packet goes, and how it is marked.
    private struct Way: Equatable {
        let encapsulation: Encapsulation
        let trafficClass: TrafficClass
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
        let way = Way(encapsulation: child.path.encapsulation, trafficClass: trafficClass)
        return batch.room(for: length, joining: way == lastWay)
    }

    /// Adds what was written to the last `room`.
    func commit(_ length: Int, _ trafficClass: TrafficClass, _ origin: Origin) {
        let encapsulation = origin.child.path.encapsulation
        batch.commit(
            length,
            to: encapsulation.remote,
            from: encapsulation.local.address,
            trafficClass: trafficClass.rawValue
        )
        lastWay = Way(encapsulation: encapsulation, trafficClass: trafficClass)
        origins.append(origin)
    }

    /// Sends what is there. What does not fit into the socket's queue stays; `isBlocked` tells.
    func flush() {
        isBlocked = !batch.flush(through: socket.socket) { number, code in
            refusals.append(Refusal(origin: origins[number], code: code))
        }
        guard !isBlocked else { return }
        origins.removeAll(keepingCapacity: true)
        lastWay = nil
    }

    /// What the kernel has refused since the last call. It is rare, so the array is given away.
    func takeRefusals() -> [Refusal] {
        guard !refusals.isEmpty else { return [] }
        defer { refusals = [] }
        return refusals
    }
}
