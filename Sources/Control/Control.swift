/// The program `ikectl`: reads a command line, does what it says, and returns the exit code.
package enum Control {
    /// - Parameters:
    ///   - arguments: the command line without the program's name.
    ///   - environment: looks up an environment variable.
    package static func run(
        _ arguments: [String],
        environment: (String) -> String?,
        console: Console
    ) -> ExitCode {
        guard !arguments.isEmpty else {
            console.note(Help.overview)
            return .usage
        }
        do throws(Failure) {
            let invocation = try Invocation(parsing: arguments, environment: environment)
            return try invocation.command.run(invocation, console)
        } catch {
            console.complain(error.message)
            return error.exitCode
        }
    }
}
