import SwanConf

extension Command {
    static let check = Command(
        name: "check",
        operands: "[FILE]",
        operandCount: 0...1,
        summary: "validate a configuration file, without a daemon",
        details: """
            FILE is \(CheckCommand.defaultFile) unless said otherwise. The error, if there is one, and the warnings are
            printed with file, line and column; warnings alone leave the file valid.
            """,
        run: CheckCommand.run
    )
}

enum CheckCommand {
    static let defaultFile = "/etc/iked/iked.conf"

    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let file = invocation.operands.first ?? defaultFile
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try Configuration.load(path: file)
        } catch {
            console.note(error.description)
            return .failed
        }
        for warning in configuration.warnings { console.note(warning.description) }
        let children = configuration.connections.reduce(0) { $0 + $1.children.count }
        let contents = [
            Quantities.count(configuration.connections.count, "connection"),
            Quantities.count(children, "child", plural: "children"),
            Quantities.count(configuration.secrets.count, "secret"),
        ]
        console.print("\(Columns.printable(file)) is valid: \(contents.joined(separator: ", "))")
        return .ok
    }
}
