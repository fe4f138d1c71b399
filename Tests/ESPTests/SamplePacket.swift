import ESP

/// Inner packets for tests, put together octet by octet so that they do not depend on the code under test.
enum SamplePacket {
    /// An IPv4 packet with a right header checksum; `payload` begins with the next layer header.
    static func ipv4(
        source: [UInt8] = [10, 1, 0, 1],
        destination: [UInt8] = [10, 2, 0, 1],
        nextLayer: UInt8 = 17,
        payload: [UInt8] = ports(1000, 2000) + [0, 12, 0, 0] + [1, 2, 3, 4],
        trafficClass: UInt8 = 0,
        flagsAndOffset: UInt16 = 0,
        options: [UInt8] = []
    ) -> [UInt8] {
        let headerLength = 20 + options.count
        var header: [UInt8] = [0x40 | UInt8(headerLength / 4), trafficClass]
        header += bigEndian(UInt16(headerLength + payload.count))
        header += [0x12, 0x34]
        header += bigEndian(flagsAndOffset)
        header += [64, nextLayer, 0, 0]
        header += source + destination + options
        let checksum = headerChecksum(header)
        header.replaceSubrange(10..<12, with: bigEndian(checksum))
        return header + payload
    }

    /// An IPv6 packet; `payload` begins with the header that `next` names.
    static func ipv6(
        source: [UInt8] = address6(1, 1),
        destination: [UInt8] = address6(2, 1),
        next: UInt8 = 17,
        payload: [UInt8] = ports(1000, 2000) + [0, 12, 0, 0] + [1, 2, 3, 4],
        trafficClass: UInt8 = 0
    ) -> [UInt8] {
        var header: [UInt8] = [0x60 | trafficClass >> 4, trafficClass << 4 | 0x5, 0x43, 0x21]
        header += bigEndian(UInt16(payload.count))
        header += [next, 64]
        return header + source + destination + payload
    }

    /// What the code under test reads in these octets.
    static func parsed(_ octets: [UInt8]) -> InnerPacket? {
        InnerPacket(parsing: octets.span.bytes)
    }

    /// 2001:db8:NET::HOST
    static func address6(_ net: UInt8, _ host: UInt8) -> [UInt8] {
        [0x20, 0x01, 0x0d, 0xb8, 0, net, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]
    }

    static func ports(_ source: UInt16, _ destination: UInt16) -> [UInt8] {
        bigEndian(source) + bigEndian(destination)
    }

    static func bigEndian(_ number: UInt16) -> [UInt8] {
        [UInt8(number >> 8), UInt8(number & 0xff)]
    }

    /// The IPv4 checksum over a header whose own field is zero (RFC 1071).
    static func headerChecksum(_ header: [UInt8]) -> UInt16 {
        InternetChecksumTests.checksum(
            stride(from: 0, to: header.count, by: 2).map { UInt16(header[$0]) << 8 | UInt16(header[$0 + 1]) }
        )
    }
}
