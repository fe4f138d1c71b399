/// The tag in front of each element of a message ("Message format" in the README of strongSwan's vici plugin).
///
/// ```
/// SECTION_START  1  | name length (8) | name
/// SECTION_END    2
/// KEY_VALUE      3  | name length (8) | name | value length (16, network order) | value
/// LIST_START     4  | name length (8) | name
/// LIST_ITEM      5  | value length (16, network order) | value
/// LIST_END       6
/// ```
enum ElementTag: UInt8 {
    case sectionStart = 1
    case sectionEnd = 2
    case keyValue = 3
    case listStart = 4
    case listItem = 5
    case listEnd = 6
}

/// Why a message cannot be put on the wire.
package enum VICIEncodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A name of a message, a command or an event is longer than 255 octets.
    case nameTooLong(String)
    /// The value or list item at this name is longer than 65,535 octets.
    case valueTooLong(name: String, count: Int)
    /// Sections stand inside each other more than `VICIMessage.maximumDepth` deep.
    case tooDeep
    /// The whole packet is longer than `VICIPacket.maximumLength`.
    case packetTooLong(count: Int)

    package var description: String {
        switch self {
        case .nameTooLong(let name): "the name '\(name.prefix(32))...' is longer than 255 octets"
        case .valueTooLong(let name, let count): "the value of '\(name)' has \(count) octets, the limit is 65535"
        case .tooDeep: "sections are nested more than \(VICIMessage.maximumDepth) deep"
        case .packetTooLong(let count): "the packet has \(count) octets, the limit is \(VICIPacket.maximumLength)"
        }
    }
}

extension VICIMessage {
    /// How deep sections may stand inside each other; strongSwan's own messages need four levels.
    package static let maximumDepth = 32

    /// The message as it goes on the wire, without a packet around it.
    package func encoded() throws(VICIEncodingError) -> [UInt8] {
        var encoded: [UInt8] = []
        try write(to: &encoded)
        return encoded
    }

    func write(to output: inout [UInt8]) throws(VICIEncodingError) {
        if let flaw { throw flaw }
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        output += bytes
    }

    /// An 8-bit length and the name; the names of commands and events are written alike.
    static func write(name: String, to bytes: inout [UInt8]) throws(VICIEncodingError) {
        guard let count = UInt8(exactly: name.utf8.count) else { throw .nameTooLong(name) }
        bytes.append(count)
        write(name, to: &bytes)
    }
}

// MARK: - Elements

extension VICIMessage {
    /// Adds a value; one that does not fit the format is left out, and the message cannot be sent.
    mutating func append(_ name: String, value: [UInt8]) {
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            try Self.begin(.keyValue, name, &bytes)
            try Self.write(length: value.count, of: name, to: &bytes)
            bytes += value
        }
    }

    /// Adds a value of UTF-8 text.
    package mutating func append(_ name: String, text: String) {
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            try Self.begin(.keyValue, name, &bytes)
            try Self.write(length: text.utf8.count, of: name, to: &bytes)
            Self.write(text, to: &bytes)
        }
    }

    mutating func append(_ name: String, items: [[UInt8]]) {
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            try Self.begin(.listStart, name, &bytes)
            for item in items {
                bytes.append(ElementTag.listItem.rawValue)
                try Self.write(length: item.count, of: name, to: &bytes)
                bytes += item
            }
            bytes.append(ElementTag.listEnd.rawValue)
        }
    }

    /// Adds a list of UTF-8 texts.
    package mutating func append(_ name: String, texts: [String]) {
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            try Self.begin(.listStart, name, &bytes)
            for text in texts {
                bytes.append(ElementTag.listItem.rawValue)
                try Self.write(length: text.utf8.count, of: name, to: &bytes)
                Self.write(text, to: &bytes)
            }
            bytes.append(ElementTag.listEnd.rawValue)
        }
    }

    /// Adds a section, whose elements are those that `body` adds.
    package mutating func append(_ name: String, section body: (inout VICIMessage) -> Void) {
        let start = bytes.count
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            try Self.begin(.sectionStart, name, &bytes)
        }
        guard bytes.count > start else { return }
        openSections += 1
        depth = max(depth, openSections)
        body(&self)
        openSections -= 1
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            bytes.append(ElementTag.sectionEnd.rawValue)
        }
    }

    private static func begin(
        _ tag: ElementTag,
        _ name: String,
        _ bytes: inout [UInt8]
    ) throws(VICIEncodingError) {
        bytes.append(tag.rawValue)
        try write(name: name, to: &bytes)
    }

    /// 16 bits, in front of a value or an item of the list at a name.
    private static func write(length: Int, of name: String, to bytes: inout [UInt8]) throws(VICIEncodingError) {
        guard let count = UInt16(exactly: length) else { throw .valueTooLong(name: name, count: length) }
        bytes.append(UInt8(truncatingIfNeeded: count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: count))
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }
}
