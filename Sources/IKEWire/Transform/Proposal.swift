/// A set of algorithms for one protocol: for each type of transform any one of those listed (RFC 7296 section 3.3.1).
///
///     | last?         | reserved      | proposal length               |
///     | number        | protocol ID   | SPI size      | transforms    |
///     | SPI ...                                                      |
///     | transforms ...                                               |
package struct Proposal: Hashable, Sendable {
    /// From 1 in a request; a response names the one that was chosen.
    package var number: UInt8
    /// What the SA is for: IKE, AH or ESP.
    package var protocolID: ProtocolID
    /// The sender's SPI: empty in IKE_SA_INIT, 8 octets for another IKE SA, 4 octets for AH and ESP.
    package var spi: [UInt8]
    /// In the order of preference within each type.
    package var transforms: [Transform]
    package var reserved: Reserved<UInt8> = 0

    package init(number: UInt8, protocolID: ProtocolID, spi: [UInt8] = [], transforms: [Transform]) {
        self.number = number
        self.protocolID = protocolID
        self.spi = spi
        self.transforms = transforms
    }
}

// MARK: - Looking into a proposal

extension Proposal {
    /// The transforms of one type in the order of preference; empty if the type is not there.
    package func transforms(of type: TransformType) -> [Transform] {
        transforms.filter { $0.type == type }
    }

    /// Type 1.
    package var encryption: [Transform] { transforms(of: .encryption) }
    /// Type 2.
    package var prf: [Transform] { transforms(of: .prf) }
    /// Type 3.
    package var integrity: [Transform] { transforms(of: .integrity) }
    /// Type 4.
    package var keyExchange: [Transform] { transforms(of: .keyExchange) }
    /// Type 5.
    package var sequenceNumbers: [Transform] { transforms(of: .sequenceNumbers) }
}

extension Proposal: CustomStringConvertible {
    /// As strongSwan logs it: "ESP:AES_GCM_16_256/NO_EXT_SEQ".
    package var description: String {
        "\(protocolID):" + transforms.map(\.description).joined(separator: "/")
    }
}

// MARK: - Octets

extension Proposal {
    /// Reads what follows the octet that says whether it is the last proposal.
    ///
    /// - Parameter start: where that octet stands; the length counts from there.
    init(from reader: inout Reader, startingAt start: Int) throws(WireError) {
        let reserved = try reader.uint8(.reserved)
        var content = try reader.measured(from: start, .proposalLength)
        number = try content.uint8(.proposalNumber)
        protocolID = ProtocolID(rawValue: try content.uint8(.protocolID))
        let sizeOffset = content.offset
        let spiSize = Int(try content.uint8(.spiSize))
        let count = Int(try content.uint8(.transformCount))
        try Self.checkSPISize(spiSize, protocolID, at: sizeOffset)
        try Self.checkTransformCount(count, at: sizeOffset + 1)
        spi = try content.octets(spiSize, .spi)
        transforms = []
        for position in 1...count {
            let start = content.offset
            let isLast = try Substructure.isLast(more: Substructure.transform, from: &content)
            guard isLast == (position == count) else {
                throw WireError(start, .transformCount, .mismatch(value: position, expected: count))
            }
            transforms.append(try Transform(from: &content, startingAt: start))
        }
        try content.finish(.proposal)
        self.reserved = Reserved(reserved)
    }

    func write(to writer: inout Writer, startingAt start: Int) throws(WireError) {
        try Self.checkSPISize(spi.count, protocolID, at: writer.offset)
        try Self.checkTransformCount(transforms.count, at: writer.offset)
        writer.uint8(reserved.bits)
        try writer.measured(from: start, .proposalLength) { (writer) throws(WireError) in
            writer.uint8(number)
            writer.uint8(protocolID.rawValue)
            try writer.count8(spi.count, .spiSize)
            try writer.count8(transforms.count, .transformCount)
            writer.octets(spi)
            for (position, transform) in transforms.enumerated() {
                let start = writer.offset
                writer.uint8(position == transforms.count - 1 ? 0 : Substructure.transform)
                try transform.write(to: &writer, startingAt: start)
            }
        }
    }

    private static func checkSPISize(_ size: Int, _ protocolID: ProtocolID, at offset: Int) throws(WireError) {
        if protocolID == .ike {
            guard size == 0 || size == 8 else {
                throw WireError(offset, .spiSize, .outOfRange(value: size, allowed: 8...8))
            }
        } else if let expected = protocolID.childSPISize, size != expected {
            throw WireError(offset, .spiSize, .outOfRange(value: size, allowed: expected...expected))
        }
    }

    /// One or more; the field has eight bits.
    private static func checkTransformCount(_ count: Int, at offset: Int) throws(WireError) {
        let allowed = 1...Int(UInt8.max)
        guard allowed.contains(count) else {
            throw WireError(offset, .transformCount, .outOfRange(value: count, allowed: allowed))
        }
    }
}
