import ESP
import IKECrypto
import IKEWire

/// Authentic packets with any content, as a peer that has the keys but not our manners might send them.
enum ForgedPacket {
    /// An ESP packet with this IV, whose encrypted part is exactly `plaintext`: payload, padding, pad length and next
    /// header.
    static func sealed(
        _ plaintext: [UInt8],
        suite: CipherSuite = .aes256GCM,
        keys: CipherKeys? = nil,
        spi: ESPSPI = SamplePair.spi,
        sequence: UInt64,
        sequenceNumbers: SequenceNumbers = .standard,
        iv: [UInt8]? = nil
    ) throws -> [UInt8] {
        let protection = try PacketProtection(
            suite: suite,
            keys: keys ?? .sample(suite),
            sequenceNumbers: sequenceNumbers,
            direction: .seal
        )
        let layout = protection.layout
        var packet = spi.bytes + (0..<4).map { UInt8(truncatingIfNeeded: sequence >> (24 - 8 * $0)) }
        packet += iv ?? [UInt8](repeating: 0x77, count: layout.ivLength)
        packet += plaintext + [UInt8](repeating: 0, count: layout.icvLength)
        try packet.withUnsafeMutableBytes { packet in
            guard let base = packet.baseAddress else { return }
            let payload = base + layout.payloadOffset
            try protection.seal(base, sequence: sequence, plaintext: payload, count: plaintext.count)
        }
        return packet
    }

    /// What is encrypted around `payload`: it, `padding` and their trailer.
    static func plaintext(_ payload: [UInt8], padding: [UInt8], nextHeader: UInt8) -> [UInt8] {
        payload + padding + [UInt8(padding.count), nextHeader]
    }

    /// The right padding for a payload.
    static func padding(for payload: [UInt8], alignment: Int = 4) -> [UInt8] {
        let missing = (alignment - (payload.count + 2) % alignment) % alignment
        return (0..<missing).map { UInt8($0 + 1) }
    }
}
