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
    private let end: Int

    /// - Parameter extent: where the elements stand.
    init(_ extent: Range<Int>) {
        position = extent.lowerBound
        end = extent.upperBound
    }

    /// Where all elements stand, but for those within others.
    static func places(in bytes: Span<UInt8>, _ extent: Range<Int>) -> [Place] {
        var cursor = ElementCursor(extent)
        var places: [Place] = []
        places.reserveCapacity(min(extent.count / leastOctets, mostReserved))
        while let place = cursor.next(in: bytes) { places.append(place) }
        return places
    }

    /// Few elements take less room.
    private static let leastOctets = 16
    /// An SA has about as many.
    private static let mostReserved = 40

    /// How deep sections stand inside each other.
    static func depth(of bytes: Span<UInt8>, _ extent: Range<Int>) -> Int {
        var cursor = ElementCursor(extent)
        return cursor.skipElements(in: bytes)
    }

    /// The element here; the cursor goes behind it.
    mutating func next(in bytes: Span<UInt8>) -> Place? {
        guard position + 1 < end, let tag = ElementTag(rawValue: bytes[position]) else { return nil }
        let name = position + 2..<position + 2 + Int(bytes[position + 1])
        guard name.upperBound <= end else { return nil }
        position = name.upperBound
        switch tag {
        case .keyValue:
            guard let content = takeValue(in: bytes) else { return nil }
            return Place(kind: .value, name: name, content: content)
        case .listStart:
            while nextItem(in: bytes) != nil {}
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
    mutating func nextItem(in bytes: Span<UInt8>) -> Range<Int>? {
        guard position < end, bytes[position] == ElementTag.listItem.rawValue else { return nil }
        position += 1
        return takeValue(in: bytes)
    }

    /// Goes to the tag that ends the section whose elements begin here, or to the end of all.
    /// - Returns: how deep sections stand inside each other on the way.
    @discardableResult
    private mutating func skipElements(in bytes: Span<UInt8>) -> Int {
        var open = 0
        var deepest = 0
        while position < end, let tag = ElementTag(rawValue: bytes[position]) {
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
        position += position + 1 < end ? 2 + Int(bytes[position + 1]) : 1
    }

    /// A 16-bit length and as many octets.
    private mutating func takeValue(in bytes: Span<UInt8>) -> Range<Int>? {
        guard position + 1 < end else { return nil }
        let value = position + 2..<position + 2 + (Int(bytes[position]) << 8 | Int(bytes[position + 1]))
        guard value.upperBound <= end else { return nil }
        position = value.upperBound
        return value
    }
}

extension [ElementCursor.Place] {
    /// The first element of a name.
    func first(called name: UnsafeBufferPointer<UInt8>, in bytes: Span<UInt8>) -> Element? {
        for index in indices where self[index].name.count == name.count && self[index].isCalled(name, in: bytes) {
            return self[index]
        }
        return nil
    }
}

extension ElementCursor.Place {
    /// - Precondition: the name is as long as that of the element.
    fileprivate func isCalled(_ name: UnsafeBufferPointer<UInt8>, in bytes: Span<UInt8>) -> Bool {
        for (position, octet) in zip(self.name, name) where bytes[position] != octet { return false }
        return true
    }
}
