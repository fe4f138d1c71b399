/// A TCP segment or UDP datagram among the packets that come out of a tunnel, read as far as merging it with its neighbours
/// asks for. Fragments and packets with IP options or extension headers are not read.
struct TransportSegment {
    let packet: UnsafeMutableRawPointer
    let headers: TransportHeaders
    /// Octets behind them.
    let payload: Int
    /// Whether it may become part of a super-packet: it has a payload, and as TCP no flags but ACK and PSH. The kernel's own
    /// receive offload merges no others either.
    let isMergeable: Bool

    var length: Int { headers.length + payload }

    /// Nil for a packet that is passed on as it is.
    init?(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let packet = bytes.baseAddress, bytes.count >= 28 else { return nil }
        let first = packet.load(as: UInt8.self)
        let (isIPv6, ipLength, number): (Bool, Int, UInt8)
        switch first {
        case 0x45:
            // Neither a fragment nor one that more follow.
            guard Int(packet.loadBig(UInt16.self, at: 2)) == bytes.count,
                packet.loadBig(UInt16.self, at: 6) & 0x3fff == 0
            else { return nil }
            (isIPv6, ipLength, number) = (false, 20, packet.load(fromByteOffset: 9, as: UInt8.self))
        case 0x60...0x6f:
            guard bytes.count >= 48, Int(packet.loadBig(UInt16.self, at: 4)) == bytes.count - 40 else { return nil }
            (isIPv6, ipLength, number) = (true, 40, packet.load(fromByteOffset: 6, as: UInt8.self))
        default: return nil
        }
        let transport = packet + ipLength
        let (isTCP, headerLength): (Bool, Int)
        switch number {
        case 6:
            guard bytes.count >= ipLength + 20 else { return nil }
            let length = Int(transport.load(fromByteOffset: 12, as: UInt8.self) >> 4) * 4
            let flags = transport.load(fromByteOffset: 13, as: UInt8.self)
            guard length >= 20 else { return nil }
            (isTCP, headerLength) = (true, ipLength + length)
            isMergeable = flags & ~TCPFlags.push == TCPFlags.acknowledgment && headerLength < bytes.count
        case 17:
            guard Int(transport.loadBig(UInt16.self, at: 4)) == bytes.count - ipLength else { return nil }
            (isTCP, headerLength) = (false, ipLength + 8)
            // A UDP checksum of zero is none (RFC 768), and there is nothing to verify by.
            isMergeable = transport.loadBig(UInt16.self, at: 6) != 0 && headerLength < bytes.count
        default: return nil
        }
        guard headerLength <= bytes.count else { return nil }
        self.packet = packet
        headers = TransportHeaders(isIPv6: isIPv6, isTCP: isTCP, ipLength: ipLength, length: headerLength)
        payload = bytes.count - headerLength
    }

    // MARK: - Fields

    var sequence: UInt32 { packet.loadBig(UInt32.self, at: headers.ipLength + 4) }
    var isPushed: Bool {
        headers.isTCP && packet.load(fromByteOffset: headers.ipLength + 13, as: UInt8.self) & TCPFlags.push != 0
    }
    private var ports: UInt32 { packet.loadUnaligned(fromByteOffset: headers.ipLength, as: UInt32.self) }

    /// Mixes what tells flows apart.
    var flowHash: Int {
        var mixed = UInt64(ports) &+ (headers.isTCP ? 1 : 2)
        let addresses = headers.isIPv6 ? 8 : 12
        let words = headers.isIPv6 ? 4 : 1
        for word in 0..<words {
            mixed = mixed &* 0x9e37_79b9_7f4a_7c15
            mixed ^= packet.loadUnaligned(fromByteOffset: addresses + 8 * word, as: UInt64.self)
        }
        mixed = mixed &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 40)
    }

    /// Whether both are of the same flow.
    func isOfFlow(_ other: TransportSegment) -> Bool {
        guard headers.isTCP == other.headers.isTCP, headers.isIPv6 == other.headers.isIPv6, ports == other.ports else {
            return false
        }
        let addresses = headers.isIPv6 ? 8 : 12
        return equals(other, addresses, headers.ipLength - addresses)
    }

    /// Whether this one may follow `head` in a super-packet as far as headers go: all that a receiver sees of them is the
    /// head's.
    func hasHeaders(of head: TransportSegment, number: Int) -> Bool {
        guard headers.length == head.headers.length else { return false }
        if headers.isIPv6 {
            // Version, traffic class and flow label; hop limit.
            guard equals(head, 0, 4), equals(head, 7, 1) else { return false }
        } else {
            // Traffic class; flags, which rule out fragments; time to live.
            guard equals(head, 1, 1), equals(head, 6, 3), identificationFollows(head, number) else { return false }
        }
        guard headers.isTCP else { return true }
        // Acknowledgement; data offset; window; options. The flags are ACK, and PSH at the end.
        return equals(head, headers.ipLength + 8, 5) && equals(head, headers.ipLength + 14, 2)
            && equals(head, headers.ipLength + 20, headers.length - headers.ipLength - 20)
    }

    /// Where routers may fragment, identifications must come out as they went in (RFC 6864 section 4).
    private func identificationFollows(_ head: TransportSegment, _ number: Int) -> Bool {
        let dontFragment = packet.load(fromByteOffset: 6, as: UInt8.self) & 0x40 != 0
        let expected = head.packet.loadBig(UInt16.self, at: 4) &+ UInt16(truncatingIfNeeded: number)
        return dontFragment || packet.loadBig(UInt16.self, at: 4) == expected
    }

    /// Whether both have the same octets there; compared in words, since this is done for every packet.
    @inline(__always)
    private func equals(_ other: TransportSegment, _ offset: Int, _ count: Int) -> Bool {
        let end = offset + count
        var place = offset
        while place &+ 8 <= end {
            guard word(UInt64.self, at: place) == other.word(UInt64.self, at: place) else { return false }
            place &+= 8
        }
        while place &+ 4 <= end {
            guard word(UInt32.self, at: place) == other.word(UInt32.self, at: place) else { return false }
            place &+= 4
        }
        while place < end {
            guard word(UInt8.self, at: place) == other.word(UInt8.self, at: place) else { return false }
            place &+= 1
        }
        return true
    }

    @inline(__always)
    private func word<Word: BitwiseCopyable>(_: Word.Type, at offset: Int) -> Word {
        packet.loadUnaligned(fromByteOffset: offset, as: Word.self)
    }

    // MARK: - Checksum

    /// Whether the transport checksum is right. A merged packet is sent with a fresh one, which must not make a bad packet good.
    var hasValidChecksum: Bool { Checksum.folded(headers.sum(packet, payload: payload)) == 0xffff }
}
