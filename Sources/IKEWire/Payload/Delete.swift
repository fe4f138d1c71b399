/// SAs that the sender has removed (RFC 7296 section 3.11).
///
///     | protocol ID   | SPI size      | number of SPIs                |
///     | SPIs ...                                                     |
package struct Delete: Hashable, Sendable {
    package var protocolID: ProtocolID
    /// Empty for the IKE SA, which the message's header names; else SPIs of one size.
    package var spis: [[UInt8]]

    package init(protocolID: ProtocolID, spis: [[UInt8]]) {
        self.protocolID = protocolID
        self.spis = spis
    }

    /// Deletes the IKE SA over which it is sent.
    package static let ike = Delete(protocolID: .ike, spis: [])

    /// Deletes ESP SAs, named by the SPIs under which the sender received packets.
    package static func esp(_ spis: [ESPSPI]) -> Delete {
        Delete(protocolID: .esp, spis: spis.map(\.bytes))
    }

    /// More CHILD SAs than one IKE SA keeps; bounds the arrays that a datagram can ask for.
    package static let maximumSPIs = 1024
}

// MARK: - Octets

extension Delete {
    init(from reader: inout Reader) throws(WireError) {
        protocolID = ProtocolID(rawValue: try reader.uint8(.protocolID))
        let sizeOffset = reader.offset
        let size = Int(try reader.uint8(.spiSize))
        let count = Int(try reader.uint16(.spiCount))
        try Self.check(protocolID, size: size, count: count, at: sizeOffset)
        spis = []
        for _ in 0..<count { spis.append(try reader.octets(size, .spi)) }
    }

    func write(to writer: inout Writer) throws(WireError) {
        writer.uint8(protocolID.rawValue)
        let size = spis.first?.count ?? protocolID.childSPISize ?? 0
        try Self.check(protocolID, size: size, count: spis.count, at: writer.offset)
        try writer.count8(size, .spiSize)
        try writer.count16(spis.count, .spiCount)
        for spi in spis {
            guard spi.count == size else {
                throw WireError(writer.offset, .spi, .mismatch(value: spi.count, expected: size))
            }
            writer.octets(spi)
        }
    }

    /// No SPIs for IKE, 4 octets for AH and ESP. SPIs without octets make no sense, nor does a size without SPIs.
    private static func check(_ protocolID: ProtocolID, size: Int, count: Int, at offset: Int) throws(WireError) {
        let allowed: ClosedRange<Int> =
            if let size = protocolID.childSPISize {
                size...size
            } else if protocolID == .ike || count == 0 {
                0...0
            } else {
                1...Int(UInt8.max)
            }
        guard allowed.contains(size) else {
            throw WireError(offset, .spiSize, .outOfRange(value: size, allowed: allowed))
        }
        let most = size == 0 ? 0 : maximumSPIs
        guard count <= most else { throw WireError(offset + 1, .spiCount, .tooMany(limit: most)) }
    }
}
