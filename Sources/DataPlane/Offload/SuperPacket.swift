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
    private let headers: TransportHeaders
    private let segmentSize: Int
    /// Octets of payload in all segments.
    private let payload: Int
    /// The headers as they came, since making segments writes over them; zero where each segment has other octets that are
    /// summed: IPv4's length, identification and checksum, and the transport's checksum.
    private let template: UnsafeMutableRawPointer
    /// IPv4's identification, which goes up by one from segment to segment (RFC 6864).
    private var identification: UInt16 = 0
    /// The sum over the IPv4 header of the template.
    private let headerSum: UInt64
    /// The sum over the pseudo-header without its length.
    private let pseudoHeaderSum: UInt64
    private var offset = 0

    /// The longest headers that are taken apart: IPv4 with options and TCP with options, or IPv6 with some extensions.
    package static let longestHeaders = 192

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
            let headers = TransportHeaders(of: UnsafeRawBufferPointer(packet), header),
            headers.length <= template.count, headers.length < packet.count, header.segmentSize > 0
        else { return nil }
        self.base = base
        self.headers = headers
        self.template = room
        segmentSize = Int(header.segmentSize)
        payload = packet.count - headers.length
        room.copyMemory(from: base, byteCount: headers.length)
        room.storeBig(UInt16(0), at: headers.checksumOffset)
        if headers.isIPv6 {
            headerSum = 0
        } else {
            identification = room.loadBig(UInt16.self, at: 4)
            room.storeBig(UInt32(0), at: 2)
            room.storeBig(UInt16(0), at: 10)
            headerSum = Checksum.sum(room, headers.ipLength)
        }
        // What is missing is added when a segment's length is known.
        pseudoHeaderSum = headers.pseudoHeader(room, payload: headers.ipLength - headers.length)
    }

    /// Octets of the longest segment, which is the first.
    package var longestSegment: Int { headers.length + min(segmentSize, payload) }

    /// Makes the next segment; its octets are those of a packet. Nil when there are no more.
    package mutating func next() -> UnsafeMutableRawBufferPointer? {
        guard offset < payload else { return nil }
        let share = min(segmentSize, payload - offset)
        let isLast = offset + share == payload
        let packet = base + offset
        packet.copyMemory(from: template, byteCount: headers.length)
        headers.writeLengths(to: packet, payload: share)
        if !headers.isIPv6 { writeIPv4(packet, headers.length + share) }
        if headers.isTCP { writeTCP(packet + headers.ipLength, isLast: isLast) }
        writeChecksum(packet, share)
        offset += share
        return UnsafeMutableRawBufferPointer(start: packet, count: headers.length + share)
    }

    /// The next identification, and the checksum of a header for `length` octets in all.
    private mutating func writeIPv4(_ packet: UnsafeMutableRawPointer, _ length: Int) {
        packet.storeBig(identification, at: 4)
        let sum = headerSum &+ UInt64(truncatingIfNeeded: length) &+ UInt64(identification)
        packet.storeBig(~Checksum.folded(sum), at: 10)
        identification &+= 1
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
        let length = headers.transportLength(payload: share)
        let sum =
            pseudoHeaderSum &+ UInt64(truncatingIfNeeded: length) &+ Checksum.sum(packet + headers.ipLength, length)
        packet.storeBig(Checksum.transmitted(sum, isUDP: !headers.isTCP), at: headers.checksumOffset)
    }
}
