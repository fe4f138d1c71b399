import Inet

/// Inner packets for tests, as octets. Checksums of the transport are left zero; nobody on the way looks at them.
enum InnerPackets {
    /// A UDP or TCP packet, or one of another protocol whose payload begins with the two "ports".
    static func packet(
        _ source: IPAddress,
        _ destination: IPAddress,
        protocol number: IPProtocol = .udp,
        ports: (UInt16, UInt16) = (4000, 5000),
        payload: [UInt8] = [],
        trafficClass: UInt8 = 0,
        dontFragment: Bool = true
    ) -> [UInt8] {
        var transport = big(ports.0) + big(ports.1)
        if number == .udp { transport += big(UInt16(8 + payload.count)) + [0, 0] }
        if number == .tcp { transport += [UInt8](repeating: 0, count: 8) + [0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0] }
        transport += payload
        switch source.family {
        case .v4:
            var header: [UInt8] = [0x45, trafficClass]
            header += big(UInt16(20 + transport.count)) + [0, 7, dontFragment ? 0x40 : 0, 0, 64, number.rawValue, 0, 0]
            header += source.bytes + destination.bytes
            header.replaceSubrange(10..<12, with: big(checksum(header)))
            return header + transport
        case .v6:
            let first = UInt32(0x6000_0000) | UInt32(trafficClass) << 20
            var header = big(first) + big(UInt16(transport.count)) + [number.rawValue, 64]
            header += source.bytes + destination.bytes
            return header + transport
        }
    }

    static func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    /// The Internet checksum of octets whose checksum field is zero; 0 for octets that carry the right one.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += Int(bytes[index]) << 8 + (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
        }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}

/// Random numbers that repeat for a seed.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var mixed = state
        mixed ^= mixed >> 33
        mixed = mixed &* 0xff51_afd7_ed55_8ccd
        return mixed ^ mixed >> 29
    }
}
