import Daemon
import Glibc
import VICI

/// Prints one line for the person who called the daemon.
func complain(_ message: String) {
    fputs("iked: \(message)\n", stderr)
}

do {
    switch try Options.parse(Array(CommandLine.arguments.dropFirst())) {
    case .help: print(Options.usage)
    case .version: print("iked \(Software.version)")
    case .run(let options): try Daemon(options).run()
    }
} catch let error as Options.UsageError {
    complain(error.description)
    exit(2)
} catch {
    complain("\(error)")
    exit(1)
}
