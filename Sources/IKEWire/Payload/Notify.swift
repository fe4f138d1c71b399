/// A notification: an error, a capability or a wish (RFC 7296 section 3.10).
///
///     | protocol ID   | SPI size      | notify message type           |
///     | SPI ...                                                      |
///     | notification data ...                                        |
package struct Notify: Hashable, Sendable {
    /// Which SA the SPI is of; without an SPI it is ignored.
    package var protocolID: ProtocolID
    package var spi: [UInt8]
    package var type: NotifyType
    /// What it means depends on the type.
    package var data: [UInt8]

    package init(_ type: NotifyType, data: [UInt8] = [], protocolID: ProtocolID = .none, spi: [UInt8] = []) {
        self.protocolID = protocolID
        self.spi = spi
        self.type = type
        self.data = data
    }
}

// MARK: - Octets

extension Notify {
    init(from reader: inout Reader) throws(WireError) {
        protocolID = ProtocolID(rawValue: try reader.uint8(.protocolID))
        let sizeOffset = reader.offset
        let size = Int(try reader.uint8(.spiSize))
        type = NotifyType(rawValue: try reader.uint16(.notifyType))
        spi = try reader.octets(size, .spi)
        data = reader.rest()
        try checkSPISize(at: sizeOffset)
    }

    func write(to writer: inout Writer) throws(WireError) {
        writer.uint8(protocolID.rawValue)
        try checkSPISize(at: writer.offset)
        try writer.count8(spi.count, .spiSize)
        writer.uint16(type.rawValue)
        writer.octets(spi)
        writer.octets(data)
    }

    /// An SPI of AH or ESP has 4 octets. One of IKE should be absent, but some implementations still send its 8 octets as
    /// RFC 4306 had it.
    private func checkSPISize(at offset: Int) throws(WireError) {
        guard !spi.isEmpty, let size = protocolID == .ike ? 8 : protocolID.childSPISize, spi.count != size else {
            return
        }
        throw WireError(offset, .spiSize, .outOfRange(value: spi.count, allowed: size...size))
    }
}
