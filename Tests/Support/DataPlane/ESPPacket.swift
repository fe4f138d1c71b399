package import IKEWire

/// A packet of a user's: the `number`-th of its flow.
package struct UserPacket: Hashable, Sendable {
    package let flow: Int
    package let number: Int

    package init(flow: Int, number: Int) {
        self.flow = flow
        self.number = number
    }
}

/// What stands for an ESP packet: no cipher runs, but it can only be opened with the key that it was sealed with.
package struct ESPPacket: Sendable {
    package let spi: ESPSPI
    package let sequence: UInt64
    /// Stands for the key that it was sealed with.
    package let key: KeyFingerprint
    package let content: UserPacket
    package let usesUDP: Bool

    package init(spi: ESPSPI, sequence: UInt64, key: KeyFingerprint, content: UserPacket, usesUDP: Bool) {
        self.spi = spi
        self.sequence = sequence
        self.key = key
        self.content = content
        self.usesUDP = usesUDP
    }
}

/// Tells keys apart without showing them (FNV-1a over the octets).
package struct KeyFingerprint: Hashable, Sendable {
    package var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func mix(_ octets: UnsafeRawBufferPointer) {
        for octet in octets { value = (value ^ UInt64(octet)) &* 0x100_0000_01B3 }
    }
}
