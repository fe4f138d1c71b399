/// A message of the Extensible Authentication Protocol (RFC 7296 section 3.16, RFC 3748 section 4).
///
///     | code          | identifier    | length of the EAP message     |
///     | type          | type data ...                                 |
package struct EAPMessage: Hashable, Sendable {
    /// Request, response, success, failure or one that RFC 3748 does not know.
    package let code: EAPCode
    /// A response repeats its request's.
    package let identifier: UInt8
    /// The method: present in requests and responses only.
    package let type: EAPType?
    /// What follows the type, or the code's own octets where there is no type; empty in success and failure.
    package let data: [UInt8]

    private init(code: EAPCode, identifier: UInt8, type: EAPType?, data: [UInt8]) {
        self.code = code
        self.identifier = identifier
        self.type = type
        self.data = data
    }

    /// A request: the server's side of a method.
    package static func request(identifier: UInt8, type: EAPType, data: [UInt8] = []) -> EAPMessage {
        EAPMessage(code: .request, identifier: identifier, type: type, data: data)
    }

    /// A response: the peer's side of a method, or a Nak.
    package static func response(identifier: UInt8, type: EAPType, data: [UInt8] = []) -> EAPMessage {
        EAPMessage(code: .response, identifier: identifier, type: type, data: data)
    }

    /// The server is content; four octets.
    package static func success(identifier: UInt8) -> EAPMessage {
        EAPMessage(code: .success, identifier: identifier, type: nil, data: [])
    }

    /// The server refuses; four octets.
    package static func failure(identifier: UInt8) -> EAPMessage {
        EAPMessage(code: .failure, identifier: identifier, type: nil, data: [])
    }
}

// MARK: - Octets

extension EAPMessage {
    private static let headerLength = 4

    /// The length must be that of the payload's content: requests and responses have a type, success and failure have nothing
    /// behind the length. Codes that RFC 3748 does not know are kept with what follows.
    init(from reader: inout Reader) throws(WireError) {
        let size = reader.remaining
        code = EAPCode(rawValue: try reader.uint8(.eapCode))
        identifier = try reader.uint8(.eapIdentifier)
        let lengthOffset = reader.offset
        let length = Int(try reader.uint16(.eapLength))
        guard length == size else {
            throw WireError(lengthOffset, .eapLength, .mismatch(value: length, expected: size))
        }
        switch code {
        case .request, .response:
            type = EAPType(rawValue: try reader.uint8(.eapType))
            data = reader.rest()
        case .success, .failure:
            type = nil
            data = []
            try reader.finish(.eapData)
        default:
            type = nil
            data = reader.rest()
        }
    }

    func write(to writer: inout Writer) throws(WireError) {
        writer.uint8(code.rawValue)
        writer.uint8(identifier)
        try writer.count16(Self.headerLength + (type == nil ? 0 : 1) + data.count, .eapLength)
        if let type { writer.uint8(type.rawValue) }
        writer.octets(data)
    }
}

extension EAPMessage {
    /// The octets as an EAP method or an authentication server sees them; nil if they are more than EAP's length can say.
    package var encoded: [UInt8]? {
        var writer = Writer()
        return (try? write(to: &writer)).map { writer.bytes }
    }

    /// A message as an authentication server gives it.
    package init(parsing bytes: [UInt8]) throws(WireError) {
        var reader = Reader(bytes.span.bytes)
        try self.init(from: &reader)
        try reader.finish(.eapLength)
    }
}
