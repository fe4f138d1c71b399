package import Inet

/// What the headers of an IP packet say as far as security policy asks: the selectors of RFC 4301 section 4.4.1.1, and
/// the lengths and marks that tunnelling needs.
///
/// It is read from a packet that is about to enter a tunnel (to find its policy) and from one that has just left it
/// (to check that the SA may carry it). Reading allocates nothing and fails rather than traps whatever the octets are.
package struct InnerPacket: Hashable, Sendable {
    /// The source address.
    package let source: IPAddress
    /// The destination address.
    package let destination: IPAddress
    /// The octets of the packet by its own header, which may be fewer than were handed in (padding follows).
    package let totalLength: Int
    /// The octets before the next layer protocol: the IP header with options, or with the extension headers walked
    /// over.
    package let headerLength: Int
    /// DSCP and congestion mark.
    package let trafficClass: TrafficClass
    /// Whether routers may not fragment it: IPv4's DF bit, and every IPv6 packet.
    package let dontFragment: Bool
    /// The protocol behind the IP headers. Nil where it cannot be known: "OPAQUE", a later fragment whose first header
    /// behind the fragment header is one that hides another, or more extension headers than are walked.
    package let nextLayer: IPProtocol?
    /// The ports, or what stands for them; nil where the protocol has none or they are not in this packet.
    package let ports: Ports?
    /// Which piece of a fragmented packet this is; nil for a whole one.
    package let fragment: Fragment?

    /// The version of the packet.
    package var family: IPAddress.Family { source.family }
}

extension InnerPacket {
    /// The 16-bit selectors behind the next layer protocol, in host order (RFC 4301 section 4.4.1.3).
    package enum Ports: Hashable, Sendable {
        /// TCP, UDP, UDP-Lite, SCTP and DCCP have one for each side.
        case pair(source: UInt16, destination: UInt16)
        /// ICMP's type times 256 plus code, or the Mobility Header's type times 256: one for the whole packet.
        case messageType(UInt16)
    }

    /// The place of a fragment in its packet.
    package struct Fragment: Hashable, Sendable {
        /// The octets of the packet's payload that stand before this piece.
        package let offset: Int
        /// Whether further pieces follow.
        package let moreFollow: Bool
    }
}

// MARK: - Reading

extension InnerPacket {
    /// Reads the headers of the packet at the beginning of `bytes`.
    ///
    /// Nil if it is neither IPv4 nor IPv6, or if its lengths contradict themselves or reach beyond `bytes`. Octets
    /// behind the packet are no fault: traffic flow confidentiality padding stands there (RFC 4303 section 2.7).
    @inline(__always)
    package init?(parsing bytes: RawSpan) {
        guard bytes.byteCount >= 1 else { return nil }
        switch bytes.octet(0) >> 4 {
        case 4: self.init(parsingIPv4: bytes)
        case 6: self.init(parsingIPv6: bytes)
        default: return nil
        }
    }

    /// RFC 791 section 3.1. The header checksum is left to the host that the packet is for.
    @inline(__always)
    private init?(parsingIPv4 bytes: RawSpan) {
        guard bytes.byteCount >= 20 else { return nil }
        let headerLength = Int(bytes.octet(0) & 0xf) * 4
        let totalLength = Int(bytes.bigEndian16(2))
        guard headerLength >= 20, totalLength >= headerLength, totalLength <= bytes.byteCount else { return nil }
        let flagsAndOffset = bytes.bigEndian16(6)
        let fragment = Fragment(
            offset: Int(flagsAndOffset & 0x1fff) * 8,
            moreFollow: flagsAndOffset & 0x2000 != 0
        )
        let nextLayer = IPProtocol(rawValue: bytes.octet(9))
        self.source = IPAddress(v4: bytes.bigEndian32(12))
        self.destination = IPAddress(v4: bytes.bigEndian32(16))
        self.totalLength = totalLength
        self.headerLength = headerLength
        self.trafficClass = TrafficClass(rawValue: bytes.octet(1))
        self.dontFragment = flagsAndOffset & 0x4000 != 0
        self.nextLayer = nextLayer
        self.ports =
            fragment.offset == 0
            ? Ports(of: nextLayer, in: bytes, at: headerLength, end: totalLength) : nil
        self.fragment = fragment.isWhole ? nil : fragment
    }

    /// RFC 8200 section 3. A jumbogram (RFC 2675) carries payload length 0 and is read as a packet without payload.
    private init?(parsingIPv6 bytes: RawSpan) {
        guard bytes.byteCount >= IPv6HeaderChain.fixedHeaderLength else { return nil }
        let totalLength = IPv6HeaderChain.fixedHeaderLength + Int(bytes.bigEndian16(4))
        guard totalLength <= bytes.byteCount else { return nil }
        let chain = IPv6HeaderChain(walking: bytes, first: bytes.octet(6), end: totalLength)
        self.source = IPAddress(v6High: bytes.bigEndian64(8), low: bytes.bigEndian64(16))
        self.destination = IPAddress(v6High: bytes.bigEndian64(24), low: bytes.bigEndian64(32))
        self.totalLength = totalLength
        self.headerLength = chain.length
        self.trafficClass = TrafficClass(rawValue: UInt8(truncatingIfNeeded: bytes.bigEndian16(0) >> 4))
        self.dontFragment = true
        self.nextLayer = chain.nextLayer
        if let nextLayer = chain.nextLayer, chain.holdsBeginning {
            self.ports = Ports(of: nextLayer, in: bytes, at: chain.length, end: totalLength)
        } else {
            self.ports = nil
        }
        if let fragment = chain.fragment, !fragment.isWhole {
            self.fragment = fragment
        } else {
            self.fragment = nil
        }
    }
}

extension InnerPacket.Fragment {
    /// Whether nothing comes before or after. In IPv6 that is an "atomic fragment", a whole packet (RFC 8200 section
    /// 4.5).
    var isWhole: Bool { offset == 0 && !moreFollow }
}

extension InnerPacket.Ports {
    /// Reads what stands for ports at `offset`; nil if the protocol has nothing of the kind or the packet ends before
    /// it.
    @inline(__always)
    fileprivate init?(of nextLayer: IPProtocol, in bytes: RawSpan, at offset: Int, end: Int) {
        // By number, since these cases are compared in line where those of another module would be called for.
        switch nextLayer.rawValue {
        case 6, 17, 33, 132, 136:  // TCP, UDP, DCCP, SCTP, UDP-Lite
            guard end - offset >= 4 else { return nil }
            self = .pair(source: bytes.bigEndian16(offset), destination: bytes.bigEndian16(offset + 2))
        case 1, 58:  // ICMP, ICMPv6
            guard end - offset >= 2 else { return nil }
            self = .messageType(bytes.bigEndian16(offset))
        case 135:  // Mobility Header, whose type is the third octet (RFC 6275 section 6.1.1)
            guard end - offset >= 3 else { return nil }
            self = .messageType(UInt16(bytes.octet(offset + 2)) << 8)
        default:
            return nil
        }
    }
}
