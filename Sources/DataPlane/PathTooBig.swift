package import ESP
import Inet

/// The answer to a sender whose packet is too large for the tunnel and must not be fragmented: ICMP "fragmentation
/// needed" (RFC 792, RFC 1191 section 4) or ICMPv6 "packet too big" (RFC 4443 section 3.2). RFC 4301 section 8.2.1
/// asks an IPsec gateway for it.
package enum PathTooBig {
    /// Octets of the longest answer; room for `write`.
    package static let maximumLength = TunnelMTU.minimumIPv6

    /// An ICMP error tells as much of the packet as fits into the datagram that every host takes (RFC 1812 4.3.2.3).
    private static let maximumIPv4Length = 576
    private static let icmpHeaderLength = 8
    private static let hopLimit: UInt8 = 64

    /// Writes the answer to `packet`, whose headers are `inner`, and returns its length; nil if none may be given.
    ///
    /// `mtu` is what the tunnel takes, in octets. The answer's source is the address that the packet was for: the gateway
    /// has no address on the way that a host would not drop when it comes out of the TUN device, and hosts look only at
    /// the packet inside.
    ///
    /// Nobody answers a packet that routers may fragment, an ICMP error, a fragment other than the first, or one with a
    /// sender or a receiver that is not one host (RFC 1122 section 3.2.2, RFC 4443 section 2.4).
    package static func write(
        answering packet: UnsafeRawBufferPointer,
        _ inner: InnerPacket,
        mtu: Int,
        to output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard mayBeAnswered(inner), let base = output.baseAddress, let original = packet.baseAddress else { return nil }
        let headerLength = inner.family == .v4 ? TunnelMTU.ipv4HeaderLength : TunnelMTU.ipv6HeaderLength
        let limit = min(inner.family == .v4 ? maximumIPv4Length : TunnelMTU.minimumIPv6, output.count)
        let quoted = min(inner.totalLength, packet.count, limit - headerLength - icmpHeaderLength)
        guard quoted >= 0 else { return nil }

        let message = base + headerLength
        let messageLength = icmpHeaderLength + quoted
        (message + icmpHeaderLength).copyMemory(from: original, byteCount: quoted)
        switch inner.family {
        case .v4:
            writeIPv4Header(base, inner, payload: messageLength)
            // The MTU is a 16-bit field; no tunnel's is larger, a loopback path may say so.
            message.storeBig(UInt16(0x0304), at: 0)
            message.storeBig(UInt32(min(max(mtu, 0), 0xffff)), at: 4)
            Checksum.write(to: message, messageLength, at: 2)
        case .v6:
            writeIPv6Header(base, inner, payload: messageLength)
            message.storeBig(UInt16(0x0200), at: 0)
            message.storeBig(UInt32(clamping: max(mtu, TunnelMTU.minimumIPv6)), at: 4)
            let pseudoHeader = Checksum.pseudoHeader(
                base,
                isIPv6: true,
                protocol: IPProtocol.icmpV6.rawValue,
                length: messageLength
            )
            Checksum.write(to: message, messageLength, at: 2, initial: pseudoHeader)
        }
        return headerLength + messageLength
    }

    private static func mayBeAnswered(_ inner: InnerPacket) -> Bool {
        guard inner.dontFragment, inner.fragment.map({ $0.offset == 0 }) ?? true else { return false }
        for address in [inner.source, inner.destination]
        where address.isMulticast || address.isUnspecified || address == .last(of: address.family) {
            return false
        }
        switch (inner.nextLayer, inner.ports) {
        case (.icmp, .messageType(let type)):
            // Unreachable, source quench, redirect, time exceeded, parameter problem: the errors of RFC 1122.
            return ![3, 4, 5, 11, 12].contains(type >> 8)
        case (.icmpV6, .messageType(let type)):
            return type >> 8 >= 128
        case (.icmp, _), (.icmpV6, _):
            return false
        default:
            return true
        }
    }
}

// MARK: - Headers

extension PathTooBig {
    private static func writeIPv4Header(_ base: UnsafeMutableRawPointer, _ inner: InnerPacket, payload: Int) {
        let length = UInt16(truncatingIfNeeded: TunnelMTU.ipv4HeaderLength + payload)
        // Version 4, five words; precedence 6 as routers' errors have it (RFC 1812 section 4.3.2.5).
        base.storeBig(UInt32(0x45c0_0000) | UInt32(length), at: 0)
        // No identification, as nobody may fragment it (RFC 6864 section 4.1).
        base.storeBig(UInt32(0x0000_4000), at: 4)
        base.storeBig(UInt16(hopLimit) << 8 | UInt16(IPProtocol.icmp.rawValue), at: 8)
        base.storeBig(UInt32(truncatingIfNeeded: inner.destination.low), at: 12)
        base.storeBig(UInt32(truncatingIfNeeded: inner.source.low), at: 16)
        Checksum.write(to: base, TunnelMTU.ipv4HeaderLength, at: 10)
    }

    private static func writeIPv6Header(_ base: UnsafeMutableRawPointer, _ inner: InnerPacket, payload: Int) {
        base.storeBig(UInt32(0x6000_0000), at: 0)
        base.storeBig(UInt16(truncatingIfNeeded: payload), at: 4)
        base.storeBig(UInt16(IPProtocol.icmpV6.rawValue) << 8 | UInt16(hopLimit), at: 6)
        for (offset, address) in [(8, inner.destination), (24, inner.source)] {
            base.storeBig(address.high, at: offset)
            base.storeBig(address.low, at: offset + 8)
        }
    }
}
