/// What a VICI command, reply or event says: an ordered tree of named values, lists of values, and sections.
///
/// The order is kept and a name may come twice, so that what was decoded encodes to the same bytes. Values are bytes on
/// the wire; almost all of them are text, and the accessors here speak text. A reader that asks for a name gets its first
/// element.
///
/// ```swift
/// var sa: VICIMessage = ["state": "ESTABLISHED", "local-ts": ["10.1.0.0/16"], "child-sas": [:]]
/// sa["encr-keysize"] = keyLength.map(String.init)   // nil leaves the key out
/// sa.section("child-sas")?.list("local-ts")
/// ```
///
/// A message is kept as it goes on the wire, so that sending one copies its bytes, and reading one makes no objects but for
/// what is asked for: a status of a thousand SAs has some hundred thousand values.
package struct VICIMessage: Sendable {
    /// The elements stand among these, one after the other and well formed.
    private var octets: [UInt8] = []
    /// Where, for a message that came to be read; a section shares the octets with the message that it stands in. Nil for a
    /// message that is written: all octets are its own.
    private var known: ElementPlaces?
    /// The first element that does not fit the format and was left out.
    private(set) var flaw: VICIEncodingError?
    /// How deep the sections stand inside each other that were written.
    var depth = 0
    /// How many of them have not ended yet.
    var openSections = 0

    /// One named place in a message.
    package struct Entry: Hashable, Sendable {
        /// At most 255 octets of UTF-8.
        package var name: String
        package var element: Element

        package init(_ name: String, _ element: Element) {
            self.name = name
            self.element = element
        }
    }

    /// What stands at a name.
    package enum Element: Hashable, Sendable {
        /// At most 65,535 octets, any bytes.
        case value([UInt8])
        /// Each item at most 65,535 octets.
        case list([[UInt8]])
        case section(VICIMessage)
    }

    package init() {}

    /// An empty message with room for what will be written, so that it need not move while it grows.
    package init(octetsAhead: Int) { octets.reserveCapacity(octetsAhead) }

    package init(entries: [Entry]) {
        self.init()
        for entry in entries { append(entry.name, entry.element) }
    }

    /// - Parameter places: where the elements stand among the octets.
    init(octets: [UInt8], _ places: ElementPlaces) {
        self.octets = octets
        known = places
    }

    package var isEmpty: Bool { bytes.isEmpty }

    /// The elements as they go on the wire.
    var bytes: ArraySlice<UInt8> { octets[known?.extent ?? octets.indices] }
}

extension VICIMessage: Hashable {
    package static func == (left: VICIMessage, right: VICIMessage) -> Bool {
        left.bytes == right.bytes && left.flaw == right.flaw
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

// MARK: - Reading

extension VICIMessage {
    /// Everything in the message, in order.
    package var entries: [Entry] {
        let places = places
        var entries: [Entry] = []
        places.forEachNumber { number in
            entries.append(Entry(text(in: places.all[number].name.place), element(number, of: places)))
        }
        return entries
    }

    /// Where the elements stand. What was written is read as whoever gets it will, to whom it cannot be sent if it is too deep.
    private var places: ElementPlaces { known ?? (try? VICIMessage(decoding: octets))?.known ?? .nothing }

    private func text(in place: Range<Int>) -> String {
        octets.withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[place]), as: UTF8.self) }
    }

    /// Nil for what is not a few decimal digits.
    private func digits(in place: Range<Int>) -> UInt64? {
        guard 1...Self.mostDigits ~= place.count else { return nil }
        let octets = octets.span
        var number: UInt64 = 0
        for position in place {
            let digit = octets[position] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + UInt64(digit)
        }
        return number
    }

    /// So many fit every type of 64 bits.
    private static let mostDigits = 18

    private func section(_ number: Int, of places: ElementPlaces) -> VICIMessage {
        VICIMessage(octets: octets, places.elements(ofSection: number))
    }

    private func element(_ number: Int, of places: ElementPlaces) -> Element {
        let place = places.all[number]
        return switch place.kind {
        case .value: .value(Array(octets[place.content]))
        case .list: .list(items(in: place.content) { Array(octets[$0]) })
        case .section: .section(section(number, of: places))
        }
    }

    /// The items of a list as `item` makes them of where they stand.
    private func items<Item>(in content: Range<Int>, _ item: (Range<Int>) -> Item) -> [Item] {
        var items: [Item] = []
        var position = content.lowerBound
        while position < content.upperBound {
            // Behind the tag and 16 bits of length.
            let first = position + 3
            position = first + (Int(octets[position + 1]) << 8 | Int(octets[position + 2]))
            items.append(item(first..<position))
        }
        return items
    }

    /// The number of the first element of a name among the places.
    private func number(of name: String, in places: ElementPlaces) -> Int? {
        var name = name
        return name.withUTF8 { places.first(called: $0, in: octets.span) }
    }

    /// What stands at the first element of a name, if it is of a kind.
    private func content(_ name: String, _ kind: ElementPlace.Kind) -> Range<Int>? {
        let places = places
        guard let number = number(of: name, in: places), places.all[number].kind == kind else { return nil }
        return places.all[number].content
    }

    /// The value at `name`, as it came. Nil if there is none, or a list or a section stands there.
    package func bytes(_ name: String) -> [UInt8]? { content(name, .value).map { Array(octets[$0]) } }

    /// The section at `name`. Nil if there is none, or something else stands there.
    package func section(_ name: String) -> VICIMessage? {
        let places = places
        guard let number = number(of: name, in: places), places.all[number].kind == .section else { return nil }
        return section(number, of: places)
    }

    /// The items of the list at `name` as text. Nil if there is none, or something else stands there.
    package func list(_ name: String) -> [String]? {
        content(name, .list).map { items(in: $0) { text(in: $0) } }
    }

    /// The value at `name` as a decimal number. Nil if there is none or it is no such number.
    package func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type = Number.self) -> Number? {
        self[name].flatMap { Number($0) }
    }

    /// The same for the types that almost all numbers have, of which a generic function in another module knows nothing.
    package func number(_ name: String) -> Int? {
        guard let place = content(name, .value) else { return nil }
        return digits(in: place).map { Int($0) } ?? Int(text(in: place))
    }

    package func number(_ name: String) -> UInt64? {
        guard let place = content(name, .value) else { return nil }
        return digits(in: place) ?? UInt64(text(in: place))
    }

    /// Whether the value at `name` says yes: `yes`, `true`, `enabled` or `1`, as strongSwan reads truth.
    package func flag(_ name: String) -> Bool {
        switch self[name]?.lowercased() {
        case "yes", "true", "enabled", "1": true
        default: false
        }
    }

    /// The sections directly inside, with their names, in order.
    package var sections: [(name: String, section: VICIMessage)] {
        let places = places
        var sections: [(name: String, section: VICIMessage)] = []
        places.forEachNumber { number in
            guard places.all[number].kind == .section else { return }
            sections.append((text(in: places.all[number].name.place), section(number, of: places)))
        }
        return sections
    }

    /// The value at `name` as text; bytes that are not UTF-8 are repaired with U+FFFD.
    ///
    /// Assigning replaces whatever stands at the name, or adds it at the end; assigning nil leaves the name out.
    package subscript(name: String) -> String? {
        get { content(name, .value).map { text(in: $0) } }
        set {
            if let newValue {
                set(name, .text(newValue))
            } else {
                self = VICIMessage(entries: entries.filter { $0.name != name })
            }
        }
    }
}

// MARK: - Writing

extension VICIMessage {
    /// Puts `element` at `name`, in the place of the one that stands there or at the end.
    package mutating func set(_ name: String, _ element: Element) {
        var entries = entries
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return append(name, element) }
        entries[index].element = element
        self = VICIMessage(entries: entries)
    }

    /// Adds `element` at the end without looking whether the name is taken.
    package mutating func append(_ name: String, _ element: Element) {
        switch element {
        case .value(let value): append(name, value: value)
        case .list(let items): append(name, items: items)
        case .section(let section): append(name) { $0.append(contentsOf: section) }
        }
    }

    /// Adds all of another message at the end.
    package mutating func append(contentsOf other: VICIMessage) {
        write { (bytes: inout [UInt8]) throws(VICIEncodingError) in
            bytes += other.bytes
        }
        depth = max(depth, openSections + (other.known?.depth ?? other.depth))
        flaw = flaw ?? other.flaw
    }

    /// Adds a value of decimal digits.
    package mutating func append(_ name: String, number: Int64) {
        append(name, text: String(number))
    }

    /// Adds a value of decimal digits.
    package mutating func append(_ name: String, number: UInt64) {
        append(name, text: String(number))
    }
}

extension VICIMessage {
    /// Adds octets, and takes them back when what they stand for does not fit the format.
    mutating func write(_ body: (inout [UInt8]) throws(VICIEncodingError) -> Void) {
        if let known {
            octets = Array(octets[known.extent])
            depth = known.depth
            self.known = nil
        }
        let start = octets.count
        do throws(VICIEncodingError) {
            try body(&octets)
        } catch {
            octets.removeSubrange(start...)
            flaw = flaw ?? error
        }
    }
}

extension VICIMessage.Element {
    /// A value of UTF-8 text.
    package static func text(_ text: some StringProtocol) -> Self { .value(Array(text.utf8)) }

    /// A value of decimal digits.
    package static func number(_ number: some BinaryInteger) -> Self { .text(String(number)) }

    /// A value `yes` or `no`.
    package static func flag(_ flag: Bool) -> Self { .text(flag ? "yes" : "no") }

    /// A list of UTF-8 texts.
    package static func texts(_ items: [String]) -> Self { .list(items.map { Array($0.utf8) }) }
}

// MARK: - Literals

extension VICIMessage: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Element)...) {
        self.init()
        for (name, element) in elements { append(name, element) }
    }
}

extension VICIMessage.Element: ExpressibleByStringInterpolation {
    package init(stringLiteral text: String) { self = .text(text) }
}

extension VICIMessage.Element: ExpressibleByArrayLiteral {
    package init(arrayLiteral items: String...) { self = .texts(items) }
}

extension VICIMessage.Element: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, VICIMessage.Element)...) {
        self = .section(VICIMessage(entries: elements.map { VICIMessage.Entry($0.0, $0.1) }))
    }
}

// MARK: - Printing

extension VICIMessage: CustomStringConvertible {
    /// One line in the notation of strongSwan's documentation: `{ key = value list = [ a, b ] section = { } }`.
    ///
    /// Meant for logs of the protocol itself: it prints every value, secrets of `load-shared` too.
    package var description: String {
        let inside = entries.map { entry in
            switch entry.element {
            case .value(let bytes): "\(entry.name) = \(String(decoding: bytes, as: UTF8.self))"
            case .list(let items):
                "\(entry.name) = [ \(items.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")) ]"
            case .section(let section): "\(entry.name) = \(section)"
            }
        }
        return "{ \(inside.joined(separator: " ")) }"
    }
}
