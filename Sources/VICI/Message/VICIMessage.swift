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
package struct VICIMessage: Hashable, Sendable {
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

    /// Everything in the message, in order.
    package var entries: [Entry]

    package init(entries: [Entry] = []) {
        self.entries = entries
    }

    package var isEmpty: Bool { entries.isEmpty }
}

// MARK: - Reading

extension VICIMessage {
    /// The first element called `name`.
    package func element(_ name: String) -> Element? {
        entries.first { $0.name == name }?.element
    }

    /// The value at `name`, as it came. Nil if there is none, or a list or a section stands there.
    package func bytes(_ name: String) -> [UInt8]? {
        guard case .value(let bytes) = element(name) else { return nil }
        return bytes
    }

    /// The section at `name`. Nil if there is none, or something else stands there.
    package func section(_ name: String) -> VICIMessage? {
        guard case .section(let section) = element(name) else { return nil }
        return section
    }

    /// The items of the list at `name` as text. Nil if there is none, or something else stands there.
    package func list(_ name: String) -> [String]? {
        guard case .list(let items) = element(name) else { return nil }
        return items.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value at `name` as a decimal number. Nil if there is none or it is no such number.
    package func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type = Number.self) -> Number? {
        self[name].flatMap { Number($0) }
    }

    /// Whether the value at `name` says yes: `yes`, `true`, `enabled` or `1`, as strongSwan reads truth.
    package func flag(_ name: String) -> Bool {
        guard let text = self[name] else { return false }
        return ["yes", "true", "enabled", "1"].contains(text.lowercased())
    }

    /// The sections directly inside, with their names, in order.
    package var sections: [(name: String, section: VICIMessage)] {
        entries.compactMap { entry in
            guard case .section(let section) = entry.element else { return nil }
            return (entry.name, section)
        }
    }

    /// The value at `name` as text; bytes that are not UTF-8 are repaired with U+FFFD.
    ///
    /// Assigning replaces whatever stands at the name, or adds it at the end; assigning nil leaves the name out.
    package subscript(name: String) -> String? {
        get { bytes(name).map { String(decoding: $0, as: UTF8.self) } }
        set {
            guard let newValue else { return entries.removeAll { $0.name == name } }
            set(name, .text(newValue))
        }
    }
}

// MARK: - Writing

extension VICIMessage {
    /// Puts `element` at `name`, in the place of the one that stands there or at the end.
    package mutating func set(_ name: String, _ element: Element) {
        if let index = entries.firstIndex(where: { $0.name == name }) {
            entries[index].element = element
        } else {
            append(name, element)
        }
    }

    /// Adds `element` at the end without looking whether the name is taken.
    package mutating func append(_ name: String, _ element: Element) {
        entries.append(Entry(name, element))
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
        entries = elements.map { Entry($0.0, $0.1) }
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
