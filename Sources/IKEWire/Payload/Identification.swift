/// Who an end claims to be (RFC 7296 section 3.5).
///
///     | ID type       | reserved                                      |
///     | identification data ...                                      |
package struct Identification: Hashable, Sendable {
    package var type: IDType
    /// Three octets.
    package var reserved: Reserved<UInt32> = 0
    package var data: [UInt8]

    package init(type: IDType, data: [UInt8]) {
        self.type = type
        self.data = data
    }

    /// What authentication covers: the payload without its generic header, reserved octets as they came
    /// ("RestOfInitIDPayload", RFC 7296 section 2.15).
    package var bodyOctets: [UInt8] {
        [type.rawValue] + [16, 8, 0].map { UInt8(truncatingIfNeeded: reserved.bits >> $0) } + data
    }
}

// MARK: - Octets

extension Identification {
    init(from reader: inout Reader) throws(WireError) {
        type = IDType(rawValue: try reader.uint8(.identificationType))
        reserved = Reserved(try reader.uint24(.reserved))
        let offset = reader.offset
        data = reader.rest()
        try checkLength(at: offset)
    }

    func write(to writer: inout Writer) throws(WireError) {
        try checkLength(at: writer.offset + 4)
        writer.octets(bodyOctets)
    }

    private func checkLength(at offset: Int) throws(WireError) {
        guard let length = type.dataLength, data.count != length else { return }
        throw WireError(offset, .identificationData, .outOfRange(value: data.count, allowed: length...length))
    }
}

extension IDType {
    /// The number of octets that data of this type have, where the type fixes it.
    fileprivate var dataLength: Int? {
        switch self {
        case .ipv4Address: 4
        case .ipv6Address: 16
        case .null: 0  // RFC 7619 section 2.2
        default: nil
        }
    }
}
