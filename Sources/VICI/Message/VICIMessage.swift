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
    /// The elements, one after the other and well formed.
    private(set) var bytes: [UInt8]
    /// The first element that does not fit the format and was left out.
    private(set) var flaw: VICIEncodingError?
    /// Where the elements stand, for a message that came to be read.
    private var knownPlaces: [ElementCursor.Place]?

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

    package init() {
        bytes = []
    }

    package init(entries: [Entry]) {
        self.init()
        for entry in entries { append(entry.name, entry.element) }
    }

    /// - Precondition: `bytes` are the elements of a message that was decoded or written.
    init(elements bytes: ArraySlice<UInt8>) {
        self.bytes = Array(bytes)
        knownPlaces = ElementCursor.places(in: self.bytes.span)
    }

    package var isEmpty: Bool { bytes.isEmpty }
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
        places.map { Entry(String(decoding: bytes[$0.name], as: UTF8.self), element(at: $0)) }
    }

    private var places: [ElementCursor.Place] { knownPlaces ?? ElementCursor.places(in: bytes.span) }

    private func element(at place: ElementCursor.Place) -> Element {
        switch place.kind {
        case .value: .value(Array(bytes[place.content]))
        case .list: .list(items(in: place.content))
        case .section: .section(VICIMessage(elements: bytes[place.content]))
        }
    }

    /// The items of a list whose content stands there.
    private func items(in content: Range<Int>) -> [[UInt8]] {
        itemPlaces(in: content).map { Array(bytes[$0]) }
    }

    private func itemPlaces(in content: Range<Int>) -> [Range<Int>] {
        var cursor = ElementCursor(at: content.lowerBound)
        var places: [Range<Int>] = []
        while let item = cursor.nextItem(in: bytes.span, before: content.upperBound) { places.append(item) }
        return places
    }

    /// What stands at the first element of a name, if it is of a kind.
    private func content(_ name: String, _ kind: ElementCursor.Kind) -> Range<Int>? {
        var name = name
        let place = name.withUTF8 { octets in
            places.first { $0.name.count == octets.count && bytes[$0.name].elementsEqual(octets) }
        }
        guard let place, place.kind == kind else { return nil }
        return place.content
    }

    /// The value at `name`, as it came. Nil if there is none, or a list or a section stands there.
    package func bytes(_ name: String) -> [UInt8]? {
        content(name, .value).map { Array(bytes[$0]) }
    }

    /// The section at `name`. Nil if there is none, or something else stands there.
    package func section(_ name: String) -> VICIMessage? {
        content(name, .section).map { VICIMessage(elements: bytes[$0]) }
    }

    /// The items of the list at `name` as text. Nil if there is none, or something else stands there.
    package func list(_ name: String) -> [String]? {
        content(name, .list).map { itemPlaces(in: $0).map { String(decoding: bytes[$0], as: UTF8.self) } }
    }

    /// The value at `name` as a decimal number. Nil if there is none or it is no such number.
    package func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type = Number.self) -> Number? {
        self[name].flatMap { Number($0) }
    }

    /// The same for the types that almost all numbers have, of which a generic function in another module knows nothing.
    package func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }
    package func number(_ name: String) -> UInt64? { self[name].flatMap { UInt64($0) } }

    /// Whether the value at `name` says yes: `yes`, `true`, `enabled` or `1`, as strongSwan reads truth.
    package func flag(_ name: String) -> Bool {
        switch self[name]?.lowercased() {
        case "yes", "true", "enabled", "1": true
        default: false
        }
    }

    /// The sections directly inside, with their names, in order.
    package var sections: [(name: String, section: VICIMessage)] {
        places.filter { $0.kind == .section }.map { place in
            (String(decoding: bytes[place.name], as: UTF8.self), VICIMessage(elements: bytes[place.content]))
        }
    }

    /// The value at `name` as text; bytes that are not UTF-8 are repaired with U+FFFD.
    ///
    /// Assigning replaces whatever stands at the name, or adds it at the end; assigning nil leaves the name out.
    package subscript(name: String) -> String? {
        get { content(name, .value).map { String(decoding: bytes[$0], as: UTF8.self) } }
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
        flaw = flaw ?? other.flaw
    }

    /// Adds a value of UTF-8 text.
    package mutating func append(_ name: String, text: String) {
        append(name, value: text.utf8)
    }

    /// Adds a value of decimal digits.
    package mutating func append(_ name: String, number: Int64) {
        append(name, value: String(number).utf8)
    }

    /// Adds a value of decimal digits.
    package mutating func append(_ name: String, number: UInt64) {
        append(name, value: String(number).utf8)
    }

    /// Adds a list of UTF-8 texts.
    package mutating func append(_ name: String, texts: [String]) {
        append(name, items: texts.map(\.utf8))
    }
}

extension VICIMessage {
    /// Adds octets, and takes them back when what they stand for does not fit the format.
    mutating func write(_ body: (inout [UInt8]) throws(VICIEncodingError) -> Void) {
        knownPlaces = nil
        let start = bytes.count
        do throws(VICIEncodingError) {
            try body(&bytes)
        } catch {
            bytes.removeSubrange(start...)
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
