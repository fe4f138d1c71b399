/// A detail of a transform, such as its key length (RFC 7296 section 3.3.5).
///
///     |F| type                        | value, or length of the value |
///     | value, if F is 0 ...                                          |
package struct TransformAttribute: Hashable, Sendable {
    /// 15 bits.
    package var type: UInt16
    /// In one of two forms.
    package var value: Value

    package init(type: UInt16, value: Value) {
        self.type = type
        self.value = value
    }

    /// Which of the two forms is used is part of an attribute's definition.
    package enum Value: Hashable, Sendable {
        /// Two octets in the place of the length.
        case short(UInt16)
        /// Any number of octets.
        case long([UInt8])
    }

    /// Attribute 14: the length of an encryption key in bits.
    package static let keyLengthType: UInt16 = 14

    /// The key length attribute.
    package static func keyLength(_ bits: UInt16) -> TransformAttribute {
        TransformAttribute(type: keyLengthType, value: .short(bits))
    }
}

// MARK: - Octets

extension TransformAttribute {
    /// Set where the value is short.
    private static let formatBit: UInt16 = 0x8000

    init(from reader: inout Reader) throws(WireError) {
        let first = try reader.uint16(.attributeType)
        type = first & ~Self.formatBit
        if first & Self.formatBit != 0 {
            value = .short(try reader.uint16(.attributeValue))
        } else {
            let length = Int(try reader.uint16(.attributeLength))
            value = .long(try reader.octets(length, .attributeValue))
        }
    }

    func write(to writer: inout Writer) throws(WireError) {
        guard type < Self.formatBit else {
            let allowed = 0...Int(Self.formatBit - 1)
            throw WireError(writer.offset, .attributeType, .outOfRange(value: Int(type), allowed: allowed))
        }
        switch value {
        case .short(let number):
            writer.uint16(type | Self.formatBit)
            writer.uint16(number)
        case .long(let octets):
            writer.uint16(type)
            try writer.count16(octets.count, .attributeLength)
            writer.octets(octets)
        }
    }
}
