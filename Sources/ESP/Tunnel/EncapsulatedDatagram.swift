package import IKEWire

/// What a datagram on the UDP port of NAT traversal is: ESP, IKE and keepalives share port 4500 (RFC 3948 section 2).
package enum EncapsulatedDatagram: Hashable, Sendable {
    /// The single octet that keeps a NAT binding alive; to be ignored.
    case keepalive
    /// An IKE message behind the non-ESP marker.
    case ike
    /// An ESP packet for this SA, from the first octet on.
    case esp(ESPSPI)
    /// None of these: too short.
    case malformed

    /// Four zero octets where ESP has its SPI, which is never zero, precede an IKE message.
    package static let nonESPMarkerLength = 4
    /// The content of a keepalive.
    package static let keepaliveOctet: UInt8 = 0xff

    /// Looks at the first octets of a datagram's payload.
    package init(classifying payload: RawSpan) {
        if payload.byteCount == 1, payload.octet(0) == Self.keepaliveOctet {
            self = .keepalive
        } else if payload.byteCount >= Self.nonESPMarkerLength, payload.bigEndian32(0) == 0 {
            self = .ike
        } else if let spi = ESPSPI(ofPacket: payload) {
            self = .esp(spi)
        } else {
            self = .malformed
        }
    }
}

extension ESPSPI {
    /// The SPI at the head of an ESP packet; nil if there is no room for SPI and sequence number.
    package init?(ofPacket packet: RawSpan) {
        guard packet.byteCount >= PacketLayout.headerLength else { return nil }
        self.init(rawValue: packet.bigEndian32(0))
    }
}
