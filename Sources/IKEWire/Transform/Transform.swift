/// One algorithm of a proposal (RFC 7296 section 3.3.2).
///
///     | last?         | reserved      | transform length              |
///     | type          | reserved      | transform ID                  |
///     | attributes ...                                               |
package struct Transform: Hashable, Sendable {
    /// Which kind of algorithm it is.
    package var type: TransformType
    /// Which algorithm of this type.
    package var id: UInt16
    /// Each type of attribute at most once.
    package var attributes: [TransformAttribute]
    /// The two reserved octets, the first in the upper half.
    package var reserved: Reserved<UInt16> = 0

    package init(type: TransformType, id: UInt16, attributes: [TransformAttribute] = []) {
        self.type = type
        self.id = id
        self.attributes = attributes
    }

    /// No transform has more than one registered attribute; bounds the search for attributes that occur twice.
    package static let maximumAttributes = 16
}

// MARK: - Algorithms

extension Transform {
    /// A cipher; the key length in bits is for those that know several (RFC 7296 section 3.3.5).
    package static func encryption(_ algorithm: EncryptionAlgorithm, keyLength: Int? = nil) -> Transform {
        let attributes = keyLength.flatMap(UInt16.init(exactly:)).map { [TransformAttribute.keyLength($0)] }
        return Transform(type: .encryption, id: algorithm.rawValue, attributes: attributes ?? [])
    }

    /// A pseudorandom function.
    package static func prf(_ algorithm: PRFAlgorithm) -> Transform {
        Transform(type: .prf, id: algorithm.rawValue)
    }

    /// An integrity algorithm.
    package static func integrity(_ algorithm: IntegrityAlgorithm) -> Transform {
        Transform(type: .integrity, id: algorithm.rawValue)
    }

    /// A key exchange method.
    package static func keyExchange(_ method: KeyExchangeMethod) -> Transform {
        Transform(type: .keyExchange, id: method.rawValue)
    }

    /// 32-bit or extended sequence numbers.
    package static func sequenceNumbers(_ kind: SequenceNumbers) -> Transform {
        Transform(type: .sequenceNumbers, id: kind.rawValue)
    }

    /// The key length attribute in bits, if there is one in the form that RFC 7296 section 3.3.5 asks for.
    package var keyLength: Int? {
        for attribute in attributes where attribute.type == TransformAttribute.keyLengthType {
            if case .short(let bits) = attribute.value { return Int(bits) }
        }
        return nil
    }

    /// True if there is an attribute other than the key length: such a transform must not be chosen by one who does not know
    /// the attribute (RFC 7296 section 3.3.6).
    package var hasUnknownAttributes: Bool {
        attributes.contains { attribute in
            guard attribute.type == TransformAttribute.keyLengthType, case .short = attribute.value else { return true }
            return false
        }
    }
}

// MARK: - Octets

extension Transform {
    /// Reads what follows the octet that says whether it is the last transform.
    ///
    /// - Parameter start: where that octet stands; the length counts from there.
    init(from reader: inout Reader, startingAt start: Int) throws(WireError) {
        let first = try reader.uint8(.reserved)
        var content = try reader.measured(from: start, .transformLength)
        type = TransformType(rawValue: try content.uint8(.transformType))
        let second = try content.uint8(.reserved)
        id = try content.uint16(.transformID)
        reserved = Reserved(UInt16(first) << 8 | UInt16(second))
        attributes = []
        while !content.isAtEnd {
            let offset = content.offset
            attributes.append(try TransformAttribute(from: &content))
            try checkLastAttribute(at: offset)
        }
    }

    func write(to writer: inout Writer, startingAt start: Int) throws(WireError) {
        writer.uint8(UInt8(truncatingIfNeeded: reserved.bits >> 8))
        try writer.measured(from: start, .transformLength) { (writer) throws(WireError) in
            writer.uint8(type.rawValue)
            writer.uint8(UInt8(truncatingIfNeeded: reserved.bits))
            writer.uint16(id)
            var written = Transform(type: type, id: id)
            for attribute in attributes {
                written.attributes.append(attribute)
                try written.checkLastAttribute(at: writer.offset)
                try attribute.write(to: &writer)
            }
        }
    }

    /// An attribute must not occur twice (RFC 7296 section 3.3).
    private func checkLastAttribute(at offset: Int) throws(WireError) {
        guard let last = attributes.last else { return }
        guard attributes.count <= Self.maximumAttributes else {
            throw WireError(offset, .attributeCount, .tooMany(limit: Self.maximumAttributes))
        }
        guard !attributes.dropLast().contains(where: { $0.type == last.type }) else {
            throw WireError(offset, .attributeType, .duplicate)
        }
    }
}
