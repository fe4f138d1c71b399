/// The settings and sections that one kind of section may hold, and what becomes of each.
///
/// Everything that swanctl knows is known here too, so that a file written for strongSwan is told what iked cannot do
/// by name, and only a typing mistake is called one.
final class Vocabulary: Sendable {
    /// As a sentence calls it, such as "a connection".
    let subject: String
    /// As a path, such as `connections.<name>`.
    let path: String
    /// Where the names come from, as "swanctl".
    let dialect: String
    let settings: [String: Treatment]
    /// Whether a key that is not among the settings is read all the same, as `id-2` is where `id<suffix>` are.
    let readsAlso: @Sendable (String) -> Bool
    let sections: [SectionRule]

    enum Treatment: Sendable {
        /// The schema reads it.
        case read
        /// Accepted only with values that say what iked does anyway.
        case inert(InertValue)
        /// Refused by name.
        case unsupported
    }

    struct SectionRule: Sendable {
        let name: String
        /// Whether a suffix may follow the name, as in `local-1`.
        var takesSuffix = false
        var isSupported = true
    }

    init(
        _ subject: String,
        path: String,
        dialect: String = "swanctl",
        read: [String] = [],
        inert: [String: InertValue] = [:],
        unsupported: [String] = [],
        sections: [SectionRule] = [],
        readsAlso: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.subject = subject
        self.path = path
        self.dialect = dialect
        self.sections = sections
        self.readsAlso = readsAlso
        var settings: [String: Treatment] = [:]
        for key in read { settings[key] = .read }
        for (key, value) in inert { settings[key] = .inert(value) }
        for key in unsupported { settings[key] = .unsupported }
        self.settings = settings
    }

    /// The rule for a section of that name; a longer name goes before a shorter one that it starts with.
    func rule(forSection name: String) -> SectionRule? {
        if let rule = sections.first(where: { $0.name == name }) { return rule }
        return
            sections
            .filter { $0.takesSuffix && name.hasPrefix($0.name) }
            .max { $0.name.utf8.count < $1.name.utf8.count }
    }

    /// Every name, sorted so that a suggestion does not depend on chance.
    var names: [String] {
        (settings.keys + sections.map(\.name)).sorted()
    }

    /// All vocabularies, to tell where a misplaced setting belongs.
    static let all = [
        connection, localAuthentication, remoteAuthentication, child, sharedSecret, passphrase, pool, daemon,
    ]
}

/// Values of a setting that ask for nothing but what iked does anyway.
enum InertValue: Sendable {
    case yes
    case no
    /// A time of zero: off.
    case noTime
    /// A size of zero: off.
    case noSize
    /// A number of zero, with a mask or a unit or without: off.
    case zero
    case oneOf([String])
    // The setting concerns only what a connection of iked never does, so that only its form matters.
    case anyBoolean
    case anyTime
    case anyNumber

    func accepts(_ text: String) -> Bool {
        switch self {
        case .yes: Scalars.boolean(text) == true
        case .no: Scalars.boolean(text) == false
        case .noTime: Scalars.duration(text) == .zero
        case .noSize: Scalars.size(text) == 0
        case .zero: Self.isZero(text)
        case .oneOf(let values): values.contains(text.lowercased())
        case .anyBoolean: Scalars.boolean(text) != nil
        case .anyTime: Scalars.duration(text) != nil
        case .anyNumber: Scalars.integer(text) != nil
        }
    }

    /// The values that are accepted, as the message that refuses another one lists them.
    var examples: [String] {
        switch self {
        case .yes: ["yes"]
        case .no: ["no"]
        case .noTime: ["0s"]
        case .noSize, .zero: ["0"]
        case .oneOf(let values): values
        case .anyBoolean: ["yes", "no"]
        case .anyTime: ["30s"]
        case .anyNumber: ["0"]
        }
    }

    /// Such as `0`, `0x0`, `0/0x00000000` or `000000`.
    private static func isZero(_ text: String) -> Bool {
        !text.isEmpty
            && text.lowercased().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                let digits = part.hasPrefix("0x") ? part.dropFirst(2) : part
                return !digits.isEmpty && digits.allSatisfy { $0 == "0" }
            }
    }
}
