import ESP
import Inet
import LinuxNet

/// The sealed packets that wait to leave through one socket, and where each came from.
final class SendLane {
    /// Packets in one send call at most.
    private static let capacity = 64

    /// What a sealed packet was made from.
    struct Origin {
        let child: OutboundChild
        let packet: DeviceBuffer.Packet
    }

    /// A datagram that the kernel did not take.
    struct Refusal {
        let origin: Origin
        let code: Int32
    }

    let socket: PlaneSocket
    /// Whether the socket's queue is full, so that the rest waits for it to become writable.
    private(set) var isBlocked = false
    private var batch = SendBatch(capacity: capacity)
    private var origins: [Origin] = []
    private var refusals: [Refusal] = []

    init(_ socket: PlaneSocket) {
        self.socket = socket
        origins.reserveCapacity(Self.capacity)
    }

    var isEmpty: Bool { batch.isEmpty }

    /// Whether a sealed packet of any length fits. While it does not, the lane has to be sent.
    var hasRoom: Bool { batch.room(for: Self.longestDatagram) != nil }
    private static let longestDatagram = 65_535

    /// Memory for the next sealed packet; nil if it has no room.
    func room(for length: Int) -> UnsafeMutableRawBufferPointer? { batch.room(for: length) }

    /// Adds what was written to the last `room`.
    func commit(_ length: Int, _ trafficClass: TrafficClass, _ origin: Origin) {
        let encapsulation = origin.child.path.encapsulation
        batch.commit(
            length,
            to: encapsulation.remote,
            from: encapsulation.local.address,
            trafficClass: trafficClass.rawValue
        )
        origins.append(origin)
    }

    /// Sends what is there. What does not fit into the socket's queue stays; `isBlocked` tells.
    func flush() {
        isBlocked = !batch.flush(through: socket.socket) { number, code in
            refusals.append(Refusal(origin: origins[number], code: code))
        }
        if !isBlocked { origins.removeAll(keepingCapacity: true) }
    }

    /// What the kernel has refused since the last call. It is rare, so the array is given away.
    func takeRefusals() -> [Refusal] {
        guard !refusals.isEmpty else { return [] }
        defer { refusals = [] }
        return refusals
    }
}
