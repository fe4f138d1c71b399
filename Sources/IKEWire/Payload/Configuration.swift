/// What a client asks to be configured with, and the gateway's answer (RFC 7296 section 3.15).
///
///     | type          | reserved                                      |
///     | attributes ...                                               |
package struct Configuration: Hashable, Sendable {
    package var type: ConfigurationType
    /// Three octets.
    package var reserved: Reserved<UInt32> = 0
    package var attributes: [ConfigurationAttribute]

    package init(type: ConfigurationType, attributes: [ConfigurationAttribute]) {
        self.type = type
        self.attributes = attributes
    }

    /// Enough for a split tunnel with hundreds of subnets; bounds the arrays that a datagram can ask for.
    package static let maximumAttributes = 1024
}

/// One thing to configure (RFC 7296 section 3.15.1).
///
///     |R| type                        | length of the value           |
///     | value ...                                                    |
///
/// Values are kept as they came: unknown attributes must be ignored rather than refused, and some peers send known ones
/// with a length of their own, so whoever uses a value checks its length.
package struct ConfigurationAttribute: Hashable, Sendable {
    /// 15 bits.
    package var type: ConfigurationAttributeType
    /// The bit in front of the type.
    package var reserved: Reserved<UInt8> = 0
    package var value: [UInt8]

    package init(_ type: ConfigurationAttributeType, value: [UInt8] = []) {
        self.type = type
        self.value = value
    }
}

// MARK: - Octets

extension Configuration {
    init(from reader: inout Reader) throws(WireError) {
        type = ConfigurationType(rawValue: try reader.uint8(.configurationType))
        reserved = Reserved(try reader.uint24(.reserved))
        attributes = []
        while !reader.isAtEnd {
            guard attributes.count < Self.maximumAttributes else {
                throw WireError(reader.offset, .attributeCount, .tooMany(limit: Self.maximumAttributes))
            }
            attributes.append(try ConfigurationAttribute(from: &reader))
        }
    }

    func write(to writer: inout Writer) throws(WireError) {
        guard attributes.count <= Self.maximumAttributes else {
            throw WireError(writer.offset, .attributeCount, .tooMany(limit: Self.maximumAttributes))
        }
        writer.uint8(type.rawValue)
        writer.uint24(reserved.bits)
        for attribute in attributes { try attribute.write(to: &writer) }
    }
}

extension ConfigurationAttribute {
    private static let typeBits: UInt16 = 0x7fff

    init(from reader: inout Reader) throws(WireError) {
        let first = try reader.uint16(.attributeType)
        type = ConfigurationAttributeType(rawValue: first & Self.typeBits)
        reserved = Reserved(UInt8(truncatingIfNeeded: first >> 15))
        let length = Int(try reader.uint16(.attributeLength))
        value = try reader.octets(length, .attributeValue)
    }

    func write(to writer: inout Writer) throws(WireError) {
        guard type.rawValue <= Self.typeBits else {
            let allowed = 0...Int(Self.typeBits)
            throw WireError(writer.offset, .attributeType, .outOfRange(value: Int(type.rawValue), allowed: allowed))
        }
        writer.uint16(UInt16(reserved.bits & 1) << 15 | type.rawValue)
        try writer.count16(value.count, .attributeLength)
        writer.octets(value)
    }
}
