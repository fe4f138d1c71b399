/// The headers of a TCP segment or UDP datagram, as far as taking super-packets apart and putting them together asks for;
/// lengths in octets. It describes a packet, which is somewhere else.
struct TransportHeaders: Equatable {
    let isIPv6: Bool
    let isTCP: Bool
    /// Up to the transport header.
    let ipLength: Int
    /// IP and transport header.
    let length: Int

    var checksumOffset: Int { ipLength + (isTCP ? 16 : 6) }
    private var protocolNumber: UInt8 { isTCP ? 6 : 17 }

    /// Octets of the transport header and `payload` octets behind it.
    func transportLength(payload: Int) -> Int { length - ipLength + payload }

    /// Writes the lengths of IP and UDP for `payload` octets behind these headers; what sums over them is the caller's.
    func writeLengths(to packet: UnsafeMutableRawPointer, payload: Int) {
        if isIPv6 {
            packet.storeBig(UInt16(truncatingIfNeeded: length + payload - 40), at: 4)
        } else {
            packet.storeBig(UInt16(truncatingIfNeeded: length + payload), at: 2)
        }
        if !isTCP { packet.storeBig(UInt16(truncatingIfNeeded: transportLength(payload: payload)), at: ipLength + 4) }
    }

    /// The sum over the pseudo-header of a packet with `payload` octets behind these headers.
    func pseudoHeader(_ packet: UnsafeRawPointer, payload: Int) -> UInt64 {
        Checksum.pseudoHeader(
            packet,
            isIPv6: isIPv6,
            protocol: protocolNumber,
            length: transportLength(payload: payload)
        )
    }

    /// The sum that its transport checksum is about.
    func sum(_ packet: UnsafeRawPointer, payload: Int) -> UInt64 {
        pseudoHeader(packet, payload: payload) &+ Checksum.sum(packet + ipLength, transportLength(payload: payload))
    }
}

extension TransportHeaders {
    /// What the virtio header says is checked against the packet; its `headerLength` is not used, as forwarded packets have a
    /// wrong one.
    init?(of packet: UnsafeRawBufferPointer, _ header: VirtioHeader) {
        guard let base = packet.baseAddress, packet.count >= 20 else { return nil }
        let version = base.load(as: UInt8.self) >> 4
        let start = Int(header.checksumStart)
        switch (version, header.segmentation) {
        case (4, .tcpV4), (4, .udp):
            guard start == Int(base.load(as: UInt8.self) & 0xf) * 4, start >= 20 else { return nil }
        case (6, .tcpV6), (6, .udp):
            guard start >= 40 else { return nil }
        default: return nil
        }
        isIPv6 = version == 6
        isTCP = header.segmentation != .udp
        ipLength = start
        guard packet.count >= start + (isTCP ? 20 : 8) else { return nil }
        let transport = isTCP ? Int(base.load(fromByteOffset: start + 12, as: UInt8.self) >> 4) * 4 : 8
        guard transport >= (isTCP ? 20 : 8), Int(header.checksumOffset) == (isTCP ? 16 : 6) else { return nil }
        length = start + transport
    }
}

/// Bits of the octet of flags in a TCP header (RFC 9293 section 3.1).
enum TCPFlags {
    static let fin: UInt8 = 0x01
    static let push: UInt8 = 0x08
    static let acknowledgment: UInt8 = 0x10
    static let congestionWindowReduced: UInt8 = 0x80
}
