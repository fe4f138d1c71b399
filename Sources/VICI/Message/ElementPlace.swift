/// Where an element of a message stands among its octets. The places of a message come one after the other as the elements do,
/// each in front of those of the elements within it, so that a section is a stretch of them.
struct ElementPlace {
    enum Kind {
        case value
        case list
        case section
    }

    let name: ElementName
    let kind: Kind
    private let end: Int
    /// The number of the first place behind it that is not that of an element within it.
    let next: Int

    /// - Parameter end: the end of what it holds.
    init(_ kind: Kind, _ name: ElementName, end: Int, next: Int) {
        self.name = name
        self.kind = kind
        self.end = end
        self.next = next
    }

    /// The octets of a value; the items of a list or the elements of a section, without the tag that ends them.
    var content: Range<Int> { name.place.upperBound + (kind == .value ? Self.lengthOctets : 0)..<end }

    /// Those in front of a value.
    private static let lengthOctets = 2
}

/// Where a name stands, and what it looks like at a glance.
struct ElementName {
    private let start: Int
    /// Its length, its first octet, the one in its middle and its last: few names of a section have all of them in common.
    private let look: UInt32

    /// - Parameter octets: at most 255, which stand at `start`.
    init(_ octets: UnsafeBufferPointer<UInt8>, at start: Int) {
        self.start = start
        look = Self.look(of: octets)
    }

    var place: Range<Int> { start..<start + Int(look >> 24) }

    /// Whether it is the same as a name, which has this look.
    func isSame(as name: UnsafeBufferPointer<UInt8>, _ look: UInt32, in octets: Span<UInt8>) -> Bool {
        guard self.look == look, place.count == name.count else { return false }
        for (position, octet) in zip(place, name) where octets[position] != octet { return false }
        return true
    }

    static func look(of name: UnsafeBufferPointer<UInt8>) -> UInt32 {
        guard let first = name.first, let last = name.last else { return 0 }
        let middle = name[name.count / 2]
        return UInt32(truncatingIfNeeded: name.count) << 24 | UInt32(first) << 16 | UInt32(middle) << 8 | UInt32(last)
    }
}

/// The elements of a message, or of a section of it, that came to be read.
struct ElementPlaces {
    /// Those of the whole message.
    let all: [ElementPlace]
    /// Which of them.
    let numbers: Range<Int>
    /// Where the elements stand among the octets of the message.
    let extent: Range<Int>

    static let nothing = ElementPlaces(all: [], numbers: 0..<0, extent: 0..<0)

    /// Hands over the number of each place but for those within others.
    func forEachNumber(_ body: (Int) -> Void) {
        var number = numbers.lowerBound
        while number < numbers.upperBound {
            body(number)
            number = all[number].next
        }
    }

    /// The first element of a name.
    func first(called name: UnsafeBufferPointer<UInt8>, in octets: Span<UInt8>) -> Int? {
        let look = ElementName.look(of: name)
        let all = all.span
        var number = numbers.lowerBound
        while number < numbers.upperBound {
            if all[number].name.isSame(as: name, look, in: octets) { return number }
            number = all[number].kind == .section ? all[number].next : number + 1
        }
        return nil
    }

    /// The elements of the section whose place has a number.
    func elements(ofSection number: Int) -> ElementPlaces {
        ElementPlaces(all: all, numbers: number + 1..<all[number].next, extent: all[number].content)
    }

    /// How deep sections stand inside each other.
    var depth: Int {
        var deepest = 0
        /// Where the sections end that are open.
        var ends: [Int] = []
        for number in numbers where all[number].kind == .section {
            while let end = ends.last, end <= number { ends.removeLast() }
            ends.append(all[number].next)
            deepest = max(deepest, ends.count)
        }
        return deepest
    }
}
