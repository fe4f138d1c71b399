import IKEWire

/// What EAP-MSCHAPv2 says, behind EAP's type octet (draft-kamath-pppext-eap-mschapv2 section 2).
///
///     | opcode        | MS-CHAPv2 ID  | length from the opcode on     |
///     | data ...                                                     |
///
/// The client's acknowledgement of a success or failure is the opcode alone.
enum MSCHAPV2Packet: Equatable {
    /// From the server: its challenge of 16 octets and its name.
    case challenge(id: UInt8, challenge: [UInt8], name: [UInt8])
    /// From the client: a challenge of 16 octets, the NT-Response of 24, and the user name.
    case response(id: UInt8, challenge: [UInt8], response: [UInt8], name: [UInt8])
    /// From the server: "S=..." and, perhaps, "M=...".
    case success(id: UInt8, text: [UInt8])
    /// From the server: "E=... R=... C=... V=... M=...".
    case failure(id: UInt8, text: [UInt8])
    case successAcknowledgement
    case failureAcknowledgement

    private enum Opcode {
        static let challenge: UInt8 = 1
        static let response: UInt8 = 2
        static let success: UInt8 = 3
        static let failure: UInt8 = 4
    }

    private static let challengeLength = 16
    private static let responseLength = 24
    private static let reservedLength = 8
    /// Challenge, reserved octets, response and flags.
    private static let responseValueLength = 49
}

// MARK: - Octets

extension MSCHAPV2Packet {
    /// A server's packet.
    init(parsingRequest octets: [UInt8]) throws(WireError) {
        var reader = Reader(octets.span.bytes)
        let (opcode, id, place) = try Self.header(&reader)
        switch opcode {
        case Opcode.challenge:
            try Self.requireLength(Self.challengeLength, &reader)
            let challenge = try reader.octets(Self.challengeLength, .eapData)
            self = .challenge(id: id, challenge: challenge, name: reader.rest())
        case Opcode.success: self = .success(id: id, text: reader.rest())
        case Opcode.failure: self = .failure(id: id, text: reader.rest())
        default:
            throw WireError(place, .eapData, .outOfRange(value: Int(opcode), allowed: 1...4))
        }
    }

    /// A client's packet. Some clients repeat the header in an acknowledgement; what follows the opcode does not count there.
    init(parsingResponse octets: [UInt8]) throws(WireError) {
        switch octets.first {
        case Opcode.success: self = .successAcknowledgement
        case Opcode.failure: self = .failureAcknowledgement
        default:
            var reader = Reader(octets.span.bytes)
            let (opcode, id, place) = try Self.header(&reader)
            guard opcode == Opcode.response else {
                throw WireError(place, .eapData, .outOfRange(value: Int(opcode), allowed: 2...4))
            }
            try Self.requireLength(Self.responseValueLength, &reader)
            let challenge = try reader.octets(Self.challengeLength, .eapData)
            _ = try reader.octets(Self.reservedLength, .reserved)
            let response = try reader.octets(Self.responseLength, .eapData)
            _ = try reader.uint8(.flags)
            self = .response(id: id, challenge: challenge, response: response, name: reader.rest())
        }
    }

    private static func header(_ reader: inout Reader) throws(WireError) -> (opcode: UInt8, id: UInt8, place: Int) {
        let place = reader.offset
        let size = reader.remaining
        let opcode = try reader.uint8(.eapData)
        let id = try reader.uint8(.eapIdentifier)
        let lengthPlace = reader.offset
        let length = Int(try reader.uint16(.eapLength))
        guard length == size else {
            throw WireError(lengthPlace, .eapLength, .mismatch(value: length, expected: size))
        }
        return (opcode, id, place)
    }

    /// The octet that says how long the value is, which is fixed.
    private static func requireLength(_ expected: Int, _ reader: inout Reader) throws(WireError) {
        let place = reader.offset
        let length = Int(try reader.uint8(.eapLength))
        guard length == expected else {
            throw WireError(place, .eapLength, .mismatch(value: length, expected: expected))
        }
    }

    /// Nil if a text or name is longer than a packet can say.
    var encoded: [UInt8]? {
        switch self {
        case .challenge(let id, let challenge, let name):
            Self.packet(Opcode.challenge, id, [UInt8(Self.challengeLength)] + challenge + name)
        case .response(let id, let challenge, let response, let name):
            Self.packet(
                Opcode.response,
                id,
                [UInt8(Self.responseValueLength)] + challenge + [UInt8](repeating: 0, count: Self.reservedLength)
                    + response + [0] + name
            )
        case .success(let id, let text): Self.packet(Opcode.success, id, text)
        case .failure(let id, let text): Self.packet(Opcode.failure, id, text)
        case .successAcknowledgement: [Opcode.success]
        case .failureAcknowledgement: [Opcode.failure]
        }
    }

    private static func packet(_ opcode: UInt8, _ id: UInt8, _ data: [UInt8]) -> [UInt8]? {
        guard let length = UInt16(exactly: data.count + 4) else { return nil }
        return [opcode, id, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)] + data
    }
}
