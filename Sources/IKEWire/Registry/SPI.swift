/// The number by which one end knows an IKE SA: 8 octets, chosen by that end (RFC 7296 section 3.1).
package struct IKESPI: RawRepresentable, Hashable, Sendable {
    /// In host order.
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Not yet chosen: the responder's SPI in the first message of an exchange.
    package static let zero = Self(rawValue: 0)
}

extension IKESPI {
    /// From the SPI field of a proposal; nil unless it has 8 octets.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 8 else { return nil }
        self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The 8 octets in network order.
    package var bytes: [UInt8] { bigEndianOctets(rawValue) }
}

extension IKESPI: CustomStringConvertible {
    /// 16 hexadecimal digits.
    package var description: String { hexadecimal(rawValue) }
}

/// The number by which the receiver of an ESP or AH packet knows its SA: 4 octets, chosen by the receiver (RFC 4303 section 2.1).
package struct ESPSPI: RawRepresentable, Hashable, Sendable {
    /// In host order.
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

extension ESPSPI {
    /// From the SPI field of a proposal, notification or deletion; nil unless it has 4 octets.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 else { return nil }
        self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// The 4 octets in network order.
    package var bytes: [UInt8] { bigEndianOctets(rawValue) }
}

extension ESPSPI: CustomStringConvertible {
    /// 8 hexadecimal digits.
    package var description: String { hexadecimal(rawValue) }
}

// MARK: -

private func bigEndianOctets<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    stride(from: Number.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
}
