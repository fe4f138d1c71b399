import IKEWire
package import Inet

/// One attribute of a packet (RFC 2865 section 5).
///
///     | type          | length        | value ...
package struct Attribute: Hashable, Sendable {
    /// Octets that a value can have at most: its length is told in one octet, and counts itself and the type.
    package static let largestValue = 253

    /// What it says.
    package let type: AttributeType
    /// The octets as they stand in the packet.
    package let value: [UInt8]

    /// A value longer than `largestValue` is refused when the packet is encoded.
    package init(_ type: AttributeType, _ value: [UInt8]) {
        self.type = type
        self.value = value
    }

    /// A number of four octets, in network order.
    package init(_ type: AttributeType, number: UInt32) {
        self.init(type, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) })
    }

    /// A text in UTF-8; what is beyond `largestValue` octets is cut off.
    package init(_ type: AttributeType, text: String) {
        var cut = text[...]
        while cut.utf8.count > Self.largestValue { cut.removeLast() }
        self.init(type, Array(cut.utf8))
    }
}

// MARK: - Octets

extension Attribute {
    private static let headerLength = 2

    init(from reader: inout Reader) throws(WireError) {
        type = AttributeType(rawValue: try reader.uint8(.radiusAttribute))
        let lengthOffset = reader.offset
        let length = Int(try reader.uint8(.radiusAttributeLength))
        guard length >= Self.headerLength else {
            throw WireError(
                lengthOffset,
                .radiusAttributeLength,
                .outOfRange(value: length, allowed: Self.headerLength...Int(UInt8.max))
            )
        }
        value = try reader.octets(length - Self.headerLength, .radiusAttribute)
    }

    func write(to writer: inout Writer) throws(WireError) {
        writer.uint8(type.rawValue)
        try writer.count8(Self.headerLength + value.count, .radiusAttributeLength)
        writer.octets(value)
    }
}

// MARK: - Values

extension Attribute {
    /// The value as a number of four octets in network order.
    package func number() throws(RADIUSError) -> UInt32 {
        guard value.count == 4 else { throw .malformedAttribute(type, octets: value.count) }
        return value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The value as an IPv4 address of four octets or an IPv6 address of sixteen.
    package func address(_ family: IPAddress.Family) throws(RADIUSError) -> IPAddress {
        guard let address = IPAddress(bytes: value), address.family == family else {
            throw .malformedAttribute(type, octets: value.count)
        }
        return address
    }

    /// The value as an IPv6 prefix: an unused octet, the length in bits, and as many octets of the prefix as it needs, or more
    /// (RFC 3162 section 2.3).
    package func prefix() throws(RADIUSError) -> IPPrefix {
        let octets = value.dropFirst(2)
        guard value.count >= 2, octets.count <= 16, Int(value[1]) <= octets.count * 8,
            let address = IPAddress(bytes: Array(octets) + [UInt8](repeating: 0, count: 16 - octets.count)),
            let prefix = IPPrefix(address, length: Int(value[1]))
        else { throw .malformedAttribute(type, octets: value.count) }
        return prefix
    }
}
