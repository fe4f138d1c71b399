/// The fixed header with which every IKE message begins (RFC 7296 section 3.1).
///
///     | initiator's SPI, 8 octets                                    |
///     | responder's SPI, 8 octets                                    |
///     | next payload  | major | minor | exchange type | flags        |
///     | message ID, 4 octets                                         |
///     | length of the whole message, 4 octets                        |
package struct Header: Hashable, Sendable {
    /// The number of octets of a header.
    package static let length = 28

    /// Chosen by the original initiator of the IKE SA; never zero.
    package var initiatorSPI: IKESPI
    /// Chosen by the original responder; zero in the first request.
    package var responderSPI: IKESPI
    /// The type of the first payload; computed when a message is encoded.
    package var nextPayload: PayloadType = .none
    /// Four bits: 2 for IKEv2.
    package var majorVersion: UInt8 = 2
    /// Four bits, ignored on receipt.
    package var minorVersion: UInt8 = 0
    /// Which exchange the message belongs to.
    package var exchangeType: ExchangeType
    /// Who sends, and whether it is a response.
    package var flags: Flags
    /// Counts the requests of each side; a response repeats its request's.
    package var messageID: UInt32
    /// The number of octets of the message, header included; computed when a message is encoded.
    package var length: UInt32 = 0

    /// A header to send; what depends on the payloads is filled in when the message is encoded.
    package init(
        initiatorSPI: IKESPI,
        responderSPI: IKESPI,
        exchangeType: ExchangeType,
        flags: Flags,
        messageID: UInt32
    ) {
        self.initiatorSPI = initiatorSPI
        self.responderSPI = responderSPI
        self.exchangeType = exchangeType
        self.flags = flags
        self.messageID = messageID
    }

    /// The bits that say who sends and whether it is an answer. Bits without a meaning are kept and ignored.
    package struct Flags: OptionSet, Hashable, Sendable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Sent by the original initiator of the IKE SA.
        package static let initiator = Self(rawValue: 0x08)
        /// The sender speaks a higher major version too; ignored.
        package static let version = Self(rawValue: 0x10)
        /// An answer to the request with the same message ID.
        package static let response = Self(rawValue: 0x20)
    }

    /// True for a response, false for a request.
    package var isResponse: Bool { flags.contains(.response) }
    /// True if the original initiator of the IKE SA sent it (not: the initiator of this exchange).
    package var isFromInitiator: Bool { flags.contains(.initiator) }
}

// MARK: - Octets

extension Header {
    /// Reads the fixed fields of a datagram, whatever follows them.
    ///
    /// Any version and any length field pass, so that a datagram can be routed and a foreign version answered
    /// (RFC 7296 section 2.5); `Message` checks both. Fails only when there are fewer than 28 octets.
    package init(parsing bytes: RawSpan) throws(WireError) {
        var reader = Reader(bytes)
        try self.init(from: &reader)
    }

    init(from reader: inout Reader) throws(WireError) {
        initiatorSPI = IKESPI(rawValue: try reader.uint64(.initiatorSPI))
        responderSPI = IKESPI(rawValue: try reader.uint64(.responderSPI))
        nextPayload = PayloadType(rawValue: try reader.uint8(.nextPayload))
        let version = try reader.uint8(.version)
        majorVersion = version >> 4
        minorVersion = version & 0x0f
        exchangeType = ExchangeType(rawValue: try reader.uint8(.exchangeType))
        flags = Flags(rawValue: try reader.uint8(.flags))
        messageID = try reader.uint32(.messageID)
        length = try reader.uint32(.messageLength)
    }

    /// Writes the header with its own next payload and length. Fails if a version does not fit into its four bits.
    func write(to writer: inout Writer) throws(WireError) {
        for version in [majorVersion, minorVersion] where version > 15 {
            throw WireError(writer.offset, .version, .outOfRange(value: Int(version), allowed: 0...15))
        }
        writer.uint64(initiatorSPI.rawValue)
        writer.uint64(responderSPI.rawValue)
        writer.uint8(nextPayload.rawValue)
        writer.uint8(majorVersion << 4 | minorVersion)
        writer.uint8(exchangeType.rawValue)
        writer.uint8(flags.rawValue)
        writer.uint32(messageID)
        writer.uint32(length)
    }
}
