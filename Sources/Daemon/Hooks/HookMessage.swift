/// What the daemon asks of its hook runner, one packet each: texts that end with a zero octet.
enum HookRequest: Equatable {
    /// The command lines that may be asked for from now on, words between blanks. Said once, before the daemon hears of any peer.
    case permit([String])
    /// Run a program of the configuration.
    case script([String], environment: [String])
    /// Have these asked for names, for these domains (none: all names); without a server as before.
    case resolvers(interface: String, ResolverTool.Choice, servers: [String], domains: [String])

    /// Octets of a packet, which no request comes near.
    static let longest = 64 * 1024

    var octets: [UInt8] {
        let texts: [String] =
            switch self {
            case .permit(let commands): ["permit"] + commands
            case .script(let arguments, let environment):
                ["script", String(arguments.count)] + arguments + environment
            case .resolvers(let interface, let choice, let servers, let domains):
                ["resolvers", interface, choice.rawValue, String(servers.count)] + servers + domains
            }
        return texts.flatMap { Array($0.utf8.filter { $0 != 0 }) + [0] }
    }

    /// Nil for what `octets` does not write.
    init?(_ octets: some Collection<UInt8>) {
        let octets = Array(octets)
        guard octets.last == 0, let all = HookText.texts(octets), let kind = all.first else { return nil }
        var texts = all.dropFirst()
        switch kind {
        case "permit": self = .permit(Array(texts))
        case "script":
            guard let count = texts.popFirst().flatMap({ Int($0) }), count > 0, count <= texts.count else {
                return nil
            }
            self = .script(Array(texts.prefix(count)), environment: Array(texts.dropFirst(count)))
        case "resolvers":
            guard let interface = texts.popFirst(),
                let choice = texts.popFirst().flatMap({ ResolverTool.Choice(rawValue: $0) }),
                let count = texts.popFirst().flatMap({ Int($0) }), (0...texts.count).contains(count)
            else { return nil }
            self = .resolvers(
                interface: interface,
                choice,
                servers: Array(texts.prefix(count)),
                domains: Array(texts.dropFirst(count))
            )
        default: return nil
        }
    }
}

/// What the hook runner has to tell, for the log.
struct HookReport: Equatable {
    let hasFailed: Bool
    /// One line, and those that the program wrote.
    let lines: [String]

    var octets: [UInt8] {
        let texts = [hasFailed ? "failed" : "done"] + lines
        return Array(texts.flatMap { Array($0.utf8.filter { $0 != 0 }) + [0] }.prefix(HookRequest.longest))
    }

    init(hasFailed: Bool, lines: [String]) {
        self.hasFailed = hasFailed
        self.lines = lines
    }

    /// What was cut off at the end is left out.
    init?(_ octets: some Collection<UInt8>) {
        guard let texts = HookText.texts(octets), let first = texts.first else { return nil }
        self.init(hasFailed: first != "done", lines: Array(texts.dropFirst()))
    }
}

private enum HookText {
    /// The texts that end; nil where one is not UTF-8.
    static func texts(_ octets: some Collection<UInt8>) -> [String]? {
        let pieces = octets.split(separator: 0, omittingEmptySubsequences: false).dropLast()
        let texts = pieces.compactMap { String(validating: $0, as: UTF8.self) }
        return texts.count == pieces.count ? texts : nil
    }
}
