import Inet

/// Packets of a TCP connection or a UDP flow with right checksums, and the plain way of cutting payload into them.
struct Segments {
    var isIPv6 = false
    var isTCP = true
    var source = IPAddress(v4: 0x0a01_0001)
    var destination = IPAddress(v4: 0x0a02_0001)
    var ports: (UInt16, UInt16) = (4000, 5000)
    var sequence: UInt32 = 0xffff_ff00
    var acknowledgment: UInt32 = 77
    var identification: UInt16 = 0xfffe
    var dontFragment = true
    var trafficClass: UInt8 = 0
    var hopLimit: UInt8 = 64
    var options: [UInt8] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
    /// The flags of the last segment; the others have ACK alone.
    var flags: UInt8 = 0x18

    init(isIPv6: Bool = false, isTCP: Bool = true) {
        self.isIPv6 = isIPv6
        self.isTCP = isTCP
        if isIPv6 {
            source = IPAddress(v6High: 0x2001_0db8_0001_0000, low: 1)
            destination = IPAddress(v6High: 0x2001_0db8_0002_0000, low: 1)
        }
        if !isTCP { options = [] }
    }

    var ipLength: Int { isIPv6 ? 40 : 20 }
    var headerLength: Int { ipLength + (isTCP ? 20 + options.count : 8) }

    /// The packets that carry `payload` in shares of `size` octets.
    func packets(_ payload: [UInt8], size: Int) -> [[UInt8]] {
        stride(from: 0, to: payload.count, by: size).enumerated().map { number, offset in
            let end = min(offset + size, payload.count)
            return packet(
                Array(payload[offset..<end]),
                number: number,
                sequence: sequence &+ UInt32(offset),
                flags: end == payload.count ? flags : flags & ~0x09
            )
        }
    }

    /// One packet.
    func packet(_ payload: [UInt8], number: Int = 0, sequence: UInt32? = nil, flags: UInt8? = nil) -> [UInt8] {
        var transport = InnerPackets.big(ports.0) + InnerPackets.big(ports.1)
        if isTCP {
            transport += InnerPackets.big(sequence ?? self.sequence) + InnerPackets.big(acknowledgment)
            transport += [UInt8((20 + options.count) / 4) << 4, flags ?? self.flags, 0x20, 0, 0, 0, 0, 0] + options
        } else {
            transport += InnerPackets.big(UInt16(8 + payload.count)) + [0, 0]
        }
        transport += payload
        let checksum = InnerPackets.checksum(pseudoHeader(transport.count) + transport)
        let field = isTCP ? 16 : 6
        transport.replaceSubrange(
            field..<field + 2,
            with: InnerPackets.big(!isTCP && checksum == 0 ? 0xffff : checksum)
        )
        return ip(transport.count, number) + transport
    }

    private func pseudoHeader(_ length: Int) -> [UInt8] {
        source.bytes + destination.bytes + InnerPackets.big(UInt32(length)) + [0, 0, 0, isTCP ? 6 : 17]
    }

    private func ip(_ length: Int, _ number: Int) -> [UInt8] {
        let next: UInt8 = isTCP ? 6 : 17
        if isIPv6 {
            let first = UInt32(0x6000_0000) | UInt32(trafficClass) << 20
            return InnerPackets.big(first) + InnerPackets.big(UInt16(length)) + [next, hopLimit] + source.bytes
                + destination.bytes
        }
        var header: [UInt8] = [0x45, trafficClass] + InnerPackets.big(UInt16(20 + length))
        header += InnerPackets.big(identification &+ UInt16(truncatingIfNeeded: number))
        header += [dontFragment ? 0x40 : 0, 0, hopLimit, next, 0, 0] + source.bytes + destination.bytes
        header.replaceSubrange(10..<12, with: InnerPackets.big(InnerPackets.checksum(header)))
        return header
    }
}
