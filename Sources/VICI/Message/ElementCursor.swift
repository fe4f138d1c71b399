/// Goes along the elements of a message whose bytes are known to be well formed, and says where each has its name and what it
/// holds. Bytes that are not, which no message has, look like the end.
struct ElementCursor {
    enum Kind {
        case value
        case list
        case section
    }

    /// Where an element stands in the bytes.
    struct Place {
        let kind: Kind
        let name: Range<Int>
        /// The octets of a value; the items of a list or the elements of a section, without the tag that ends them.
        let content: Range<Int>
    }

    private var position: Int

    init(at position: Int = 0) {
        self.position = position
    }

    /// Where all elements stand, but for those within others.
    static func places(in bytes: Span<UInt8>) -> [Place] {
        var cursor = ElementCursor()
        var places: [Place] = []
        while let place = cursor.next(in: bytes) { places.append(place) }
        return places
    }

    /// How deep sections stand inside each other.
    static func depth(of bytes: Span<UInt8>) -> Int {
        var cursor = ElementCursor()
        return cursor.skipElements(in: bytes)
    }

    /// The element here; the cursor goes behind it.
    mutating func next(in bytes: Span<UInt8>) -> Place? {
        guard position + 1 < bytes.count, let tag = ElementTag(rawValue: bytes[position]) else { return nil }
        let name = position + 2..<position + 2 + Int(bytes[position + 1])
        guard name.upperBound <= bytes.count else { return nil }
        position = name.upperBound
        switch tag {
        case .keyValue:
            guard let content = takeValue(in: bytes) else { return nil }
            return Place(kind: .value, name: name, content: content)
        case .listStart:
            while nextItem(in: bytes, before: bytes.count) != nil {}
            defer { position += 1 }
            return Place(kind: .list, name: name, content: name.upperBound..<position)
        case .sectionStart:
            skipElements(in: bytes)
            defer { position += 1 }
            return Place(kind: .section, name: name, content: name.upperBound..<position)
        case .sectionEnd, .listItem, .listEnd:
            return nil
        }
    }

    /// The item of a list here; the cursor goes behind it.
    mutating func nextItem(in bytes: Span<UInt8>, before end: Int) -> Range<Int>? {
        guard position < end, bytes[position] == ElementTag.listItem.rawValue else { return nil }
        position += 1
        return takeValue(in: bytes)
    }

    /// Goes to the tag that ends the section whose elements begin here, or to the end of the bytes.
    /// - Returns: how deep sections stand inside each other on the way.
    @discardableResult
    private mutating func skipElements(in bytes: Span<UInt8>) -> Int {
        var open = 0
        var deepest = 0
        while position < bytes.count, let tag = ElementTag(rawValue: bytes[position]) {
            switch tag {
            case .keyValue:
                skipName(in: bytes)
                guard takeValue(in: bytes) != nil else { return deepest }
            case .sectionStart:
                skipName(in: bytes)
                open += 1
                deepest = max(deepest, open)
            case .listStart: skipName(in: bytes)
            case .listItem:
                position += 1
                guard takeValue(in: bytes) != nil else { return deepest }
            case .listEnd: position += 1
            case .sectionEnd:
                guard open > 0 else { return deepest }
                open -= 1
                position += 1
            }
        }
        return deepest
    }

    /// Goes behind a tag and the name that follows it.
    private mutating func skipName(in bytes: Span<UInt8>) {
        position += position + 1 < bytes.count ? 2 + Int(bytes[position + 1]) : 1
    }

    /// A 16-bit length and as many octets.
    private mutating func takeValue(in bytes: Span<UInt8>) -> Range<Int>? {
        guard position + 1 < bytes.count else { return nil }
        let start = position + 2
        let end = start + (Int(bytes[position]) << 8 | Int(bytes[position + 1]))
        guard end <= bytes.count else { return nil }
        position = end
        return start..<end
    }
}
