/// Why octets are not a message of RFC 7296 section 3, or a value cannot be put into one.
///
/// For received octets this is what INVALID_SYNTAX answers (RFC 7296 section 3.10.1); the text is for the log.
package struct WireError: Error, Equatable, Sendable {
    /// Counted from the message's first octet. When encoding: how many octets had been written.
    package let offset: Int
    /// What was being read or written.
    package let field: Field
    package let reason: Reason

    package init(_ offset: Int, _ field: Field, _ reason: Reason) {
        self.offset = offset
        self.field = field
        self.reason = reason
    }

    /// What is wrong with the field.
    package enum Reason: Equatable, Sendable {
        /// The field needs more octets than its structure has left.
        case truncated(needed: Int, available: Int)
        /// The structure has octets behind its last field.
        case leftover(count: Int)
        /// The number, count or length is not one that the field may have here.
        case outOfRange(value: Int, allowed: ClosedRange<Int>)
        /// Two fields contradict each other.
        case mismatch(value: Int, expected: Int)
        /// A range that ends before it begins.
        case descendingRange
        /// More elements than `limit`, a bound of ours.
        case tooMany(limit: Int)
        /// A second one where only one may be.
        case duplicate
        /// This payload may not stand here.
        case misplaced(PayloadType)
        /// Another major version of IKE.
        case unsupportedVersion(UInt8)
    }
}

extension WireError: CustomStringConvertible {
    package var description: String { "\(field) at octet \(offset): \(reason)" }
}

extension WireError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let needed, let available): "needs \(needed) octets, \(available) are left"
        case .leftover(let count): "\(count) octets are left over"
        case .outOfRange(let value, let allowed) where allowed.lowerBound == allowed.upperBound:
            "is \(value), must be \(allowed.lowerBound)"
        case .outOfRange(let value, let allowed):
            "is \(value), must be from \(allowed.lowerBound) to \(allowed.upperBound)"
        case .mismatch(let value, let expected): "is \(value), \(expected) is expected"
        case .descendingRange: "ends before it begins"
        case .tooMany(let limit): "more than \(limit)"
        case .duplicate: "occurs twice"
        case .misplaced(let type): "\(type) may not stand here"
        case .unsupportedVersion(let version): "version \(version) is not supported"
        }
    }
}

// MARK: - Fields

extension WireError {
    /// The fields of a message as RFC 7296 section 3 names them, and those of the protocols that share its reader.
    package enum Field: String, Sendable, CustomStringConvertible {
        case initiatorSPI = "initiator's SPI"
        case responderSPI = "responder's SPI"
        case nextPayload = "next payload"
        case version = "version"
        case exchangeType = "exchange type"
        case flags = "flags"
        case messageID = "message ID"
        case messageLength = "message length"
        case message = "message"

        case payloadHeader = "payload header"
        case payloadLength = "payload length"
        case payloadCount = "number of payloads"
        case payload = "payload"
        case reserved = "reserved field"

        case lastSubstructure = "last substructure"
        case proposalLength = "proposal length"
        case proposalNumber = "proposal number"
        case proposalCount = "number of proposals"
        case proposal = "proposal"
        case protocolID = "protocol ID"
        case spiSize = "SPI size"
        case spi = "SPI"
        case spiCount = "number of SPIs"
        case transformCount = "number of transforms"
        case transformLength = "transform length"
        case transformType = "transform type"
        case transformID = "transform ID"
        case transform = "transform"
        case attributeType = "attribute type"
        case attributeLength = "attribute length"
        case attributeValue = "attribute value"
        case attributeCount = "number of attributes"

        case keyExchangeMethod = "key exchange method"
        case identificationType = "ID type"
        case identificationData = "identification data"
        case certificateEncoding = "certificate encoding"
        case authenticationMethod = "authentication method"
        case nonce = "nonce"
        case notifyType = "notify message type"
        case selectorCount = "number of traffic selectors"
        case selectorType = "traffic selector type"
        case selectorLength = "traffic selector length"
        case selector = "traffic selector"
        case ipProtocol = "IP protocol ID"
        case portRange = "port range"
        case addressRange = "address range"
        case fragmentNumber = "fragment number"
        case fragmentTotal = "total fragments"
        case configurationType = "configuration type"
        case eapCode = "EAP code"
        case eapIdentifier = "EAP identifier"
        case eapLength = "EAP length"
        case eapType = "EAP type"
        case eapData = "EAP data"
        case puzzleSolution = "puzzle solution"

        // RFC 2865 section 3.
        case radiusCode = "RADIUS code"
        case radiusIdentifier = "RADIUS identifier"
        case radiusLength = "RADIUS length"
        case radiusAuthenticator = "RADIUS authenticator"
        case radiusAttributeLength = "length of a RADIUS attribute"
        case radiusAttribute = "RADIUS attribute"
        case radiusVendor = "vendor ID"

        package var description: String { rawValue }
    }
}
