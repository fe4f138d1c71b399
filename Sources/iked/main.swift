import Daemon
import Glibc

/// Prints one line for the person who called the daemon.
func complain(_ message: String) {
    let line = Array("iked: \(message)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

do {
    switch try Options.parse(Array(CommandLine.arguments.dropFirst())) {
    case .help: print(Options.usage)
    case .version: print(Options.versionText)
    case .runHooks: HookRunner.run()
    case .run(let options): try Daemon(options).run()
    }
} catch let error as Options.UsageError {
    complain(error.description)
    exit(2)
} catch {
    complain("\(error)")
    exit(1)
}
