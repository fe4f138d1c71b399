import IKEWire

/// Messages of TLS in the packets of EAP-TLS and EAP-TTLS (RFC 5216 sections 2.1.5 and 3.1, RFC 5281 section 9).
///
///     | flags         | length of the whole message, if flag L is set |
///     | length, last  | data ...                                      |
///
/// A message that is too long for one packet goes in several, all but the last with the flag M; each of these is
/// acknowledged by a packet without data. The first says how long the message is.
struct TLSFragments {
    /// What a packet led to.
    enum Incoming: Equatable {
        /// To be sent at once: the next fragment, or the acknowledgement of one.
        case packet([UInt8])
        /// The other end's message is whole. Empty for an acknowledgement of what we said last.
        case message([UInt8])
    }

    private enum Flag {
        static let lengthIncluded: UInt8 = 0x80
        static let moreFragments: UInt8 = 0x40
        static let start: UInt8 = 0x20
        /// TTLS only.
        static let version: UInt8 = 0x07
    }

    private let method: EAPMethod
    /// What is left to send of our message.
    private var outgoing: ArraySlice<UInt8> = []
    /// What has come of the other end's message, and how long it will be.
    private var incoming: (data: [UInt8], length: Int, count: Int)?

    /// Octets of data in a packet: with the headers of EAP, IKE, UDP and IPv6 it fits into 1280.
    static let largestData = 1024
    /// Octets of the longest message; no chain of certificates comes near.
    static let longestMessage = 1 << 16
    /// Ends of a peer that sends an octet at a time.
    static let mostFragments = 256

    init(_ method: EAPMethod) { self.method = method }

    /// The server's first packet.
    static let start = [Flag.start]

    static func isStart(_ packet: [UInt8]) -> Bool {
        guard let flags = packet.first else { return false }
        return flags & Flag.start != 0
    }
}

// MARK: - Sending

extension TLSFragments {
    /// The only packet of a message, or the first.
    mutating func send(_ message: [UInt8]) -> [UInt8] {
        outgoing = message[...]
        guard message.count > Self.largestData, let length = UInt32(exactly: message.count) else { return next() }
        let octets = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        var packet = next()
        packet[0] |= Flag.lengthIncluded
        packet.insert(contentsOf: octets, at: 1)
        return packet
    }

    private mutating func next() -> [UInt8] {
        let data = outgoing.prefix(Self.largestData)
        outgoing = outgoing.dropFirst(Self.largestData)
        return [outgoing.isEmpty ? 0 : Flag.moreFragments] + data
    }
}

// MARK: - Receiving

extension TLSFragments {
    /// Throws for a packet that breaks the rules.
    mutating func receive(_ packet: [UInt8]) throws(NegotiationFailure) -> Incoming {
        let (flags, length, data): (UInt8, Int?, [UInt8])
        do throws(WireError) {
            (flags, length, data) = try read(packet)
        } catch {
            throw .malformedEAP("a packet of \(method) cannot be read: \(error)")
        }
        let hasMore = flags & Flag.moreFragments != 0
        if !outgoing.isEmpty {
            guard data.isEmpty, !hasMore, length == nil else {
                throw .malformedEAP("the other end interrupts a message of \(method) that is under way in fragments")
            }
            return .packet(next())
        }
        if incoming == nil, !hasMore {
            try requireLength(length ?? data.count, data.count)
            return .message(data)
        }
        return try collect(data, length, hasMore)
    }

    private func read(_ packet: [UInt8]) throws(WireError) -> (flags: UInt8, length: Int?, data: [UInt8]) {
        var reader = Reader(packet.span.bytes)
        let flags = try reader.uint8(.flags)
        let forbidden = method == .ttls ? Flag.start | Flag.version : Flag.start
        guard flags & forbidden == 0 else {
            throw WireError(0, .flags, .mismatch(value: Int(flags & forbidden), expected: 0))
        }
        let length = flags & Flag.lengthIncluded == 0 ? nil : Int(try reader.uint32(.messageLength))
        return (flags, length, reader.rest())
    }

    private mutating func collect(
        _ data: [UInt8],
        _ length: Int?,
        _ hasMore: Bool
    ) throws(NegotiationFailure) -> Incoming {
        var message = try begun(length)
        // Some repeat the length in each fragment.
        guard length == nil || length == message.length else {
            throw .malformedEAP("the fragments of a message of \(method) disagree on its length")
        }
        message.data += data
        message.count += 1
        guard message.count <= Self.mostFragments else {
            throw .malformedEAP("a message of \(method) comes in more than \(Self.mostFragments) fragments")
        }
        guard hasMore else {
            incoming = nil
            try requireLength(message.length, message.data.count)
            return .message(message.data)
        }
        guard !data.isEmpty, message.data.count < message.length else {
            throw .malformedEAP("a message of \(method) does not end where it says (\(message.length) octets)")
        }
        incoming = message
        return .packet([0])
    }

    /// What has come so far of the message that a fragment belongs to.
    private func begun(_ length: Int?) throws(NegotiationFailure) -> (data: [UInt8], length: Int, count: Int) {
        if let incoming { return incoming }
        guard let length else {
            throw .malformedEAP("the first fragment of a message of \(method) does not say how long it is")
        }
        guard length <= Self.longestMessage else {
            throw .malformedEAP(
                "a message of \(method) of \(length) octets is too long; the limit is \(Self.longestMessage)"
            )
        }
        return (data: [], length: length, count: 0)
    }

    private func requireLength(_ length: Int, _ count: Int) throws(NegotiationFailure) {
        guard length == count else {
            throw .malformedEAP("a message of \(method) has \(count) octets and says that it has \(length)")
        }
    }
}
