/// Packets that wait for an SA, the oldest first. Bounded for each trap and in all; the oldest make room.
struct HeldPackets {
    static let mostPackets = 256
    static let mostOctets = 512 << 10
    static let mostPacketsPerTrap = 32
    static let mostOctetsPerTrap = 128 << 10

    struct Packet {
        let trap: TrapID
        let bytes: [UInt8]
    }

    private var packets: [Packet] = []

    var isEmpty: Bool { packets.isEmpty }

    /// The packets that wait at a trap.
    func packets(of trap: TrapID) -> [Packet] { packets.filter { $0.trap == trap } }

    /// Adds one, and returns how many older ones had to go for it.
    mutating func hold(_ packet: Packet) -> Int {
        let before = packets.count
        packets.append(packet)
        makeRoom(packets: Self.mostPacketsPerTrap, octets: Self.mostOctetsPerTrap) { $0.trap == packet.trap }
        makeRoom(packets: Self.mostPackets, octets: Self.mostOctets) { _ in true }
        return before + 1 - packets.count
    }

    /// All packets, which are the caller's now.
    mutating func takeAll() -> [Packet] {
        defer { packets = [] }
        return packets
    }

    /// Packets that must wait on; they are older than all that have come since.
    mutating func putBack(_ older: [Packet]) { packets = older + packets }

    /// Drops the packets of a trap that fit, and returns how many.
    mutating func drop(_ trap: TrapID, where fits: (Packet) -> Bool = { _ in true }) -> Int {
        let before = packets.count
        packets.removeAll { $0.trap == trap && fits($0) }
        return before - packets.count
    }

    private mutating func makeRoom(packets most: Int, octets mostOctets: Int, among isMeant: (Packet) -> Bool) {
        var count = 0
        var octets = 0
        for packet in packets where isMeant(packet) {
            count += 1
            octets += packet.bytes.count
        }
        while count > most || octets > mostOctets, let oldest = packets.firstIndex(where: isMeant) {
            count -= 1
            octets -= packets.remove(at: oldest).bytes.count
        }
    }
}
