import IKEWire

/// A command line, taken apart: which command, with which options and operands.
struct Invocation {
    let command: Command
    private(set) var operands: [String] = []
    private var flags: Set<String> = []
    private var values: [String: String] = [:]
    /// What IKED_SOCKET says.
    private var socketFromEnvironment: String?

    static let defaultSocketPath = "/run/iked/iked.vici"

    /// Whether an option without a value was given.
    func has(_ name: String) -> Bool { flags.contains(name) }

    /// The value of an option; nil when the option was not given.
    func value(_ name: String) -> String? { values[name] }

    /// The value of an option as a whole number in a range; nil when the option was not given.
    func number(_ name: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .usage(
                "--\(name) takes a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'",
                of: command.name
            )
        }
        return number
    }

    var socketPath: String { values["socket"] ?? socketFromEnvironment ?? Self.defaultSocketPath }

    init(_ command: Command) {
        self.command = command
    }
}

// MARK: - Parsing

extension Invocation {
    /// Takes a command line apart, without the program's own name.
    ///
    /// Options stand anywhere, as `--name value` or `--name=value`; behind `--` everything is an operand. A command line
    /// that asks for help becomes the `help` command.
    init(parsing arguments: [String], environment: (String) -> String?) throws(Failure) {
        var options: [(name: String, value: String?)] = []
        var words: [String] = []
        var rest = arguments[...]
        var command: Command?
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                break
            }
            if argument == "--version", command == nil {
                command = .version  // as people try it with every program
                continue
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                if let group = command, !group.subcommands.isEmpty {
                    command = try Self.command(named: argument, of: group)
                } else if command == nil {
                    command = try Self.command(named: argument)
                } else {
                    words.append(argument)
                }
                continue
            }
            options.append(try Self.option(argument, following: &rest, command: command))
        }

        if options.contains(where: { $0.name == "help" }) {
            self.init(.help)
            operands = command.map { [$0.name] } ?? []
            return
        }
        guard let command else { throw .usage("a command is missing", of: nil) }
        self.init(command)
        operands = words
        for (name, value) in options {
            guard command.takes(name) else { throw Self.unknownOption("--\(name)", of: command) }
            if let value { values[name] = value } else { flags.insert(name) }
        }
        socketFromEnvironment = environment("IKED_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        try checkOperands()
    }

    /// Reads one option and, if it takes one, its value.
    private static func option(
        _ argument: String,
        following rest: inout ArraySlice<String>,
        command: Command?
    ) throws(Failure) -> (name: String, value: String?) {
        if argument == "-h" { return ("help", nil) }
        let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        // In front of the command only the common options are known.
        let known = Command.Option.common + (command?.options ?? [])
        guard argument.hasPrefix("--"), let name = parts.first, let option = known.first(where: { $0.name == name })
        else {
            throw unknownOption(argument, of: command)
        }
        let attached = parts.count > 1 ? String(parts[1]) : nil
        guard option.value != nil else {
            guard attached == nil else { throw .usage("--\(option.name) takes no value", of: command?.name) }
            return (option.name, nil)
        }
        guard let value = attached ?? rest.popFirst() else {
            throw .usage("\(option.spelling): the value is missing", of: command?.name)
        }
        return (option.name, value)
    }

    /// The command of a name, which may be that of a group and a command of it: `pki issue`.
    static func command(named name: String) throws(Failure) -> Command {
        let words = name.split(separator: " ", maxSplits: 1)
        if words.count == 2 { return try Self.command(named: String(words[1]), of: command(named: String(words[0]))) }
        if let command = Command.all.first(where: { $0.name == name }) { return command }
        let suggestion = Spelling.nearest(to: name, among: Command.all.map(\.name))
        throw .usage("there is no command '\(name)'" + hint(suggestion), of: nil)
    }

    /// One of the commands behind another's name.
    private static func command(named name: String, of group: Command) throws(Failure) -> Command {
        if let command = group.subcommands.first(where: { $0.name == "\(group.name) \(name)" }) { return command }
        let names = group.subcommands.map { String($0.name.dropFirst(group.name.count + 1)) }
        let suggestion = Spelling.nearest(to: name, among: names)
        throw .usage("'\(group.name)' has no command '\(name)'" + hint(suggestion), of: group.name)
    }

    private static func unknownOption(_ argument: String, of command: Command?) -> Failure {
        let names = (Command.Option.common + (command?.options ?? [])).map { "--\($0.name)" }
        let suggestion = Spelling.nearest(to: argument, among: names)
        let subject = command.map { "'\($0.name)' has no option" } ?? "there is no option"
        return .usage("\(subject) '\(argument)'" + hint(suggestion), of: command?.name)
    }

    private static func hint(_ suggestion: String?) -> String {
        suggestion.map { ", did you mean '\($0)'?" } ?? ""
    }

    private func checkOperands() throws(Failure) {
        let range = command.operandCount
        if operands.count < range.lowerBound {
            throw .usage("'\(command.name)' needs \(command.operands)", of: command.name)
        }
        if operands.count > range.upperBound {
            throw .usage("'\(command.name)' does not take '\(operands[range.upperBound])'", of: command.name)
        }
    }
}

extension Command {
    fileprivate func takes(_ option: String) -> Bool {
        (Option.common + options).contains { $0.name == option }
    }
}
