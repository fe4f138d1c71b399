/// One unit of the conversation on a control socket ("Transport protocol" in the README of strongSwan's vici plugin).
///
/// ```
///  0                   1                   2                   3
/// +---------------------------------------------------------------+
/// |      length of all that follows, network order, at most 512 KiB |
/// +---------------+---------------+-------------------------------+
/// |     type      |  name length  |   name (types 0, 3, 4, 7) ...
/// +---------------+---------------+-------------------------------+
/// |   message (types 0, 1, 7) ...
/// ```
package enum VICIPacket: Hashable, Sendable {
    /// Type 0, client to server: do this. Answered by `.response` or `.unknownCommand`, with events in between.
    case request(command: String, VICIMessage)
    /// Type 1, server to client: the answer to the request in flight.
    case response(VICIMessage)
    /// Type 2, server to client: there is no such command.
    case unknownCommand
    /// Type 3, client to server: send me these events from now on.
    case register(event: String)
    /// Type 4, client to server: no more of these events.
    case unregister(event: String)
    /// Type 5, server to client: the answer to a registration or its end.
    case eventConfirmed
    /// Type 6, server to client: there is no such event.
    case unknownEvent
    /// Type 7, server to client, at any time once registered.
    case event(String, VICIMessage)

    /// The most octets that may follow the length field (strongSwan's VICI_MESSAGE_SIZE_MAX).
    package static let maximumLength = 512 * 1024

    /// The octets of the length field.
    static let lengthFieldLength = 4

    private enum Kind: UInt8 {
        case request = 0
        case response = 1
        case unknownCommand = 2
        case register = 3
        case unregister = 4
        case eventConfirmed = 5
        case unknownEvent = 6
        case event = 7
    }
}

// MARK: - Encoding

extension VICIPacket {
    /// The packet with its length field, ready for a socket.
    package func encoded() throws(VICIEncodingError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.lengthFieldLength)
        switch self {
        case .request(let command, let message): try Self.write(.request, command, message, to: &bytes)
        case .response(let message): try Self.write(.response, nil, message, to: &bytes)
        case .unknownCommand: try Self.write(.unknownCommand, nil, nil, to: &bytes)
        case .register(let event): try Self.write(.register, event, nil, to: &bytes)
        case .unregister(let event): try Self.write(.unregister, event, nil, to: &bytes)
        case .eventConfirmed: try Self.write(.eventConfirmed, nil, nil, to: &bytes)
        case .unknownEvent: try Self.write(.unknownEvent, nil, nil, to: &bytes)
        case .event(let event, let message): try Self.write(.event, event, message, to: &bytes)
        }
        let length = bytes.count - Self.lengthFieldLength
        guard length <= Self.maximumLength else { throw .packetTooLong(count: length) }
        for position in 0..<Self.lengthFieldLength {
            bytes[position] = UInt8(truncatingIfNeeded: length >> (24 - 8 * position))
        }
        return bytes
    }

    private static func write(
        _ kind: Kind,
        _ name: String?,
        _ message: VICIMessage?,
        to bytes: inout [UInt8]
    ) throws(VICIEncodingError) {
        bytes.append(kind.rawValue)
        if let name { try VICIMessage.write(name: name, to: &bytes) }
        if let message { try message.write(to: &bytes) }
    }
}

// MARK: - Decoding

extension VICIPacket {
    /// Reads what follows the length field of one packet: its type, name and message. All octets must be used up.
    package init(decoding body: ArraySlice<UInt8>) throws(VICIDecodingError) {
        var reader = ElementReader(body.span)
        let type = try reader.byte()
        guard let kind = Kind(rawValue: type) else { throw reader.error(.unknownPacket(type), at: 0) }
        switch kind {
        case .request:
            let command = try reader.name()
            self = .request(command: command, try VICIMessage(decoding: &reader))
        case .response: self = .response(try VICIMessage(decoding: &reader))
        case .unknownCommand: self = .unknownCommand
        case .register: self = .register(event: try reader.name())
        case .unregister: self = .unregister(event: try reader.name())
        case .eventConfirmed: self = .eventConfirmed
        case .unknownEvent: self = .unknownEvent
        case .event:
            let event = try reader.name()
            self = .event(event, try VICIMessage(decoding: &reader))
        }
        guard reader.isAtEnd else { throw reader.error(.trailingBytes) }
    }
}
