/// Why bytes are no VICI packet or message, and where.
package struct VICIDecodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong at the offset.
    package enum Reason: Equatable, Sendable {
        /// A name or a value goes on past the end.
        case truncated
        /// An element tag outside 1 to 6.
        case unknownElement(UInt8)
        /// A packet type outside 0 to 7.
        case unknownPacket(UInt8)
        /// An element that may not stand here: a section inside a list, an item outside one, an end of nothing.
        case misplacedElement(UInt8)
        /// The message ends inside a section or a list.
        case unclosed
        /// Sections stand inside each other more than `VICIMessage.maximumDepth` deep.
        case tooDeep
        /// A name that is not UTF-8.
        case nameNotText
        /// A packet that announces no octets, or more than `VICIPacket.maximumLength`.
        case impossibleLength(UInt32)
        /// Octets behind the end of a packet that carries no message.
        case trailingBytes
    }

    /// Counted from the first octet of the message, or of the packet (its type) when a packet is decoded.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String {
        let problem =
            switch reason {
            case .truncated: "cut off"
            case .unknownElement(let tag): "unknown element type \(tag)"
            case .unknownPacket(let type): "unknown packet type \(type)"
            case .misplacedElement(let tag): "element type \(tag) may not stand here"
            case .unclosed: "ends inside a section or list"
            case .tooDeep: "sections nested more than \(VICIMessage.maximumDepth) deep"
            case .nameNotText: "a name that is not UTF-8"
            case .impossibleLength(let length):
                "a packet of \(length) octets, possible are 1 to \(VICIPacket.maximumLength)"
            case .trailingBytes: "more octets than the packet has use for"
            }
        return "not a VICI message: \(problem) (offset \(offset))"
    }
}

/// Takes names, values and tags off the front of bytes and never reads past their end.
struct ElementReader: ~Escapable {
    private let bytes: Span<UInt8>
    /// Of the next octet.
    private(set) var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }
    /// Where what was not taken yet stands.
    var rest: Range<Int> { offset..<bytes.count }
    /// All octets, those that were taken, too.
    var octets: [UInt8] { bytes.withUnsafeBufferPointer { Array($0) } }

    func error(_ reason: VICIDecodingError.Reason, at offset: Int? = nil) -> VICIDecodingError {
        VICIDecodingError(offset: offset ?? self.offset, reason: reason)
    }

    @_lifetime(self: copy self)
    mutating func byte() throws(VICIDecodingError) -> UInt8 {
        let place = try advance(1)
        return bytes[place]
    }

    @_lifetime(self: copy self)
    mutating func name() throws(VICIDecodingError) -> String {
        let place = try skipName().place
        return bytes.extracting(place).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// Steps over a name, which must be UTF-8.
    @_lifetime(self: copy self)
    mutating func skipName() throws(VICIDecodingError) -> ElementName {
        let start = offset
        let count = Int(try byte())
        let first = try advance(count)
        let name = bytes.extracting(first..<offset).withUnsafeBufferPointer { octets in
            Self.isText(octets) ? ElementName(octets, at: first) : nil
        }
        guard let name else { throw error(.nameNotText, at: start) }
        return name
    }

    @_lifetime(self: copy self)
    mutating func skipValue() throws(VICIDecodingError) {
        let high = try byte()
        let low = try byte()
        _ = try advance(Int(high) << 8 | Int(low))
    }

    /// Steps over octets and says where they begin; the only place where the offset moves.
    @_lifetime(self: copy self)
    private mutating func advance(_ count: Int) throws(VICIDecodingError) -> Int {
        guard bytes.count - offset >= count else { throw error(.truncated) }
        defer { offset += count }
        return offset
    }

    private static func isText(_ octets: UnsafeBufferPointer<UInt8>) -> Bool {
        // Almost all names are ASCII, which needs no decoder.
        octets.reduce(0, |) < 0x80 || String(validating: octets, as: UTF8.self) != nil
    }
}

extension VICIMessage {
    /// Reads a message as it stands on the wire, without a packet around it. All octets must be used up.
    package init(decoding bytes: [UInt8]) throws(VICIDecodingError) {
        var reader = ElementReader(bytes.span)
        try self.init(decoding: &reader)
    }

    /// Reads elements up to the end of the bytes.
    init(decoding reader: inout ElementReader) throws(VICIDecodingError) {
        let extent = reader.rest
        var places: [ElementPlace] = []
        places.reserveCapacity(min(extent.count / Self.leastOctets, Self.mostReserved))
        try Self.read(&reader, depth: 0, into: &places)
        self.init(octets: reader.octets, ElementPlaces(all: places, numbers: places.indices, extent: extent))
    }

    /// Few elements take less room.
    private static let leastOctets = 16
    /// An SA with its children has about as many.
    private static let mostReserved = 80

    /// Reads elements up to the end of the section they stand in; at depth 0, up to the end of the bytes.
    private static func read(
        _ reader: inout ElementReader,
        depth: Int,
        into places: inout [ElementPlace]
    ) throws(VICIDecodingError) {
        while !reader.isAtEnd {
            let start = reader.offset
            let tag = try reader.byte()
            switch ElementTag(rawValue: tag) {
            case .keyValue:
                let name = try reader.skipName()
                try reader.skipValue()
                places.append(ElementPlace(.value, name, end: reader.offset, next: places.count + 1))
            case .listStart:
                let name = try reader.skipName()
                try skipItems(&reader)
                places.append(ElementPlace(.list, name, end: reader.offset - 1, next: places.count + 1))
            case .sectionStart:
                guard depth < Self.maximumDepth else { throw reader.error(.tooDeep, at: start) }
                let name = try reader.skipName()
                let number = places.count
                // What is within comes behind it, and says where that ends.
                places.append(ElementPlace(.section, name, end: reader.offset, next: number + 1))
                try read(&reader, depth: depth + 1, into: &places)
                places[number] = ElementPlace(.section, name, end: reader.offset - 1, next: places.count)
            case .sectionEnd where depth > 0:
                return
            case .sectionEnd, .listItem, .listEnd:
                throw reader.error(.misplacedElement(tag), at: start)
            case nil:
                throw reader.error(.unknownElement(tag), at: start)
            }
        }
        guard depth == 0 else { throw reader.error(.unclosed) }
    }

    /// Steps over items up to the end of their list; nothing else may stand between them.
    private static func skipItems(_ reader: inout ElementReader) throws(VICIDecodingError) {
        while !reader.isAtEnd {
            let start = reader.offset
            let tag = try reader.byte()
            switch ElementTag(rawValue: tag) {
            case .listItem: try reader.skipValue()
            case .listEnd: return
            case .sectionStart, .sectionEnd, .keyValue, .listStart:
                throw reader.error(.misplacedElement(tag), at: start)
            case nil: throw reader.error(.unknownElement(tag), at: start)
            }
        }
        throw reader.error(.unclosed)
    }
}
