/// A super-packet of the TUN device, taken apart where it lies.
///
/// The device hands over up to 64 KiB of one TCP connection, or of one UDP flow, under one header. Segment n is made by
/// writing its header right before its share of the payload, over the end of segment n - 1, which has been sealed into the
/// outgoing buffer by then:
///
///     |header|payload 0       |payload 1       |payload 2 |
///     |==== segment 0 =======|
///                     |header|payload 1       |
///                                      |header|payload 2 |
///
/// So no payload is copied before it is encrypted. Segments are to be used in order, each before the next is made.
package struct SuperPacket: ~Copyable {
    /// Where the packet begins, behind its virtio header.
    private let base: UnsafeMutableRawPointer
    private let headers: Headers
    private let segmentSize: Int
    /// Octets of payload in all segments.
    private let payload: Int
    /// The headers as they came, since making segments writes over them.
    private let template: UnsafeMutableRawPointer
    private var offset = 0

    /// The longest headers that are taken apart: IPv4 with options and TCP with options, or IPv6 with some extensions.
    package static let longestHeaders = 192

    /// What must be known of the headers; lengths in octets.
    struct Headers: Equatable {
        let isIPv6: Bool
        let isTCP: Bool
        /// Up to the transport header.
        let ip: Int
        /// IP and transport header.
        let total: Int

        var checksumOffset: Int { ip + (isTCP ? 16 : 6) }
        var protocolNumber: UInt8 { isTCP ? 6 : 17 }
    }

    /// - Parameters:
    ///   - packet: what followed `header` in the device's answer.
    ///   - template: room for `longestHeaders` octets, untouched until the last segment is made.
    ///
    /// Nil for what is no super-packet or contradicts itself. The kernel is trusted with the memory of this process no more
    /// than a peer is.
    package init?(
        _ packet: UnsafeMutableRawBufferPointer,
        _ header: VirtioHeader,
        template: UnsafeMutableRawBufferPointer
    ) {
        guard let base = packet.baseAddress, let room = template.baseAddress,
            let headers = Headers(of: UnsafeRawBufferPointer(packet), header),
            headers.total <= template.count, headers.total < packet.count, header.segmentSize > 0
        else { return nil }
        self.base = base
        self.headers = headers
        self.template = room
        segmentSize = Int(header.segmentSize)
        payload = packet.count - headers.total
        room.copyMemory(from: base, byteCount: headers.total)
    }

    /// Octets of the longest segment, which is the first.
    package var longestSegment: Int { headers.total + min(segmentSize, payload) }

    /// Makes the next segment; its octets are those of a packet. Nil when there are no more.
    package mutating func next() -> UnsafeMutableRawBufferPointer? {
        guard offset < payload else { return nil }
        let share = min(segmentSize, payload - offset)
        let isLast = offset + share == payload
        let packet = base + offset
        packet.copyMemory(from: template, byteCount: headers.total)
        writeIP(packet, length: headers.total + share)
        if headers.isTCP { writeTCP(packet + headers.ip, isLast: isLast) }
        writeChecksum(packet, share)
        offset += share
        return UnsafeMutableRawBufferPointer(start: packet, count: headers.total + share)
    }

    private func writeIP(_ ip: UnsafeMutableRawPointer, length: Int) {
        if headers.isIPv6 {
            ip.storeBig(UInt16(truncatingIfNeeded: length - 40), at: 4)
        } else {
            ip.storeBig(UInt16(truncatingIfNeeded: length), at: 2)
            // Each segment is a packet of its own (RFC 6864).
            let number = UInt16(truncatingIfNeeded: offset / segmentSize)
            ip.storeBig(ip.loadBig(UInt16.self, at: 4) &+ number, at: 4)
            ip.storeBig(UInt16(0), at: 10)
            ip.storeBig(~Checksum.folded(Checksum.sum(ip, headers.ip)), at: 10)
        }
    }

    /// The sequence number goes on; FIN and PSH belong to the end, CWR to the beginning (RFC 9293, RFC 3168).
    private func writeTCP(_ tcp: UnsafeMutableRawPointer, isLast: Bool) {
        tcp.storeBig(tcp.loadBig(UInt32.self, at: 4) &+ UInt32(truncatingIfNeeded: offset), at: 4)
        var flags = tcp.load(fromByteOffset: 13, as: UInt8.self)
        if !isLast { flags &= ~(TCPFlags.fin | TCPFlags.push) }
        if offset > 0 { flags &= ~TCPFlags.congestionWindowReduced }
        tcp.storeBytes(of: flags, toByteOffset: 13, as: UInt8.self)
    }

    private func writeChecksum(_ packet: UnsafeMutableRawPointer, _ share: Int) {
        let length = headers.total - headers.ip + share
        if !headers.isTCP { packet.storeBig(UInt16(truncatingIfNeeded: length), at: headers.ip + 4) }
        packet.storeBig(UInt16(0), at: headers.checksumOffset)
        let sum =
            Checksum.pseudoHeader(
                packet,
                isIPv6: headers.isIPv6,
                protocol: headers.protocolNumber,
                length: length
            ) &+ Checksum.sum(packet + headers.ip, length)
        packet.storeBig(Checksum.transmitted(sum, isUDP: !headers.isTCP), at: headers.checksumOffset)
    }
}

extension SuperPacket.Headers {
    /// What the virtio header says is checked against the packet; its `headerLength` is not used, as forwarded packets have a
    /// wrong one.
    fileprivate init?(of packet: UnsafeRawBufferPointer, _ header: VirtioHeader) {
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
        ip = start
        guard packet.count >= start + (isTCP ? 20 : 8) else { return nil }
        let transport = isTCP ? Int(base.load(fromByteOffset: start + 12, as: UInt8.self) >> 4) * 4 : 8
        guard transport >= (isTCP ? 20 : 8), Int(header.checksumOffset) == (isTCP ? 16 : 6) else { return nil }
        total = start + transport
    }
}

/// Bits of the octet of flags in a TCP header (RFC 9293 section 3.1).
enum TCPFlags {
    static let fin: UInt8 = 0x01
    static let push: UInt8 = 0x08
    static let acknowledgment: UInt8 = 0x10
    static let congestionWindowReduced: UInt8 = 0x80
}

extension Checksum {
    /// The checksum for a sum: its complement, which UDP does not send as zero (RFC 768).
    static func transmitted(_ sum: UInt64, isUDP: Bool) -> UInt16 {
        let checksum = ~folded(sum)
        return isUDP && checksum == 0 ? 0xffff : checksum
    }

    /// Completes the checksum of a packet of which the kernel has left it to us; false if the header points elsewhere.
    static func complete(_ packet: UnsafeMutableRawBufferPointer, _ header: VirtioHeader) -> Bool {
        let start = Int(header.checksumStart)
        let field = start + Int(header.checksumOffset)
        guard let base = packet.baseAddress, start < packet.count, field + 2 <= packet.count else { return false }
        // The field holds the sum over the pseudo-header, so that it is summed with the rest.
        let sum = sum(base + start, packet.count - start)
        base.storeBig(transmitted(sum, isUDP: header.checksumOffset == 6), at: field)
        return true
    }
}

// MARK: - Network order

extension UnsafeRawPointer {
    @inline(__always)
    func loadBig<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    func loadBig<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number {
        UnsafeRawPointer(self).loadBig(Number.self, at: offset)
    }

    @inline(__always)
    func storeBig<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, at offset: Int) {
        storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
    }
}
