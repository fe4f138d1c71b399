import VICI

/// How `iked` was called.
package struct Options: Equatable, Sendable {
    package static let defaultConfigurationPath = "/etc/iked/iked.conf"
    package static let defaultSocketPath = "/run/iked/iked.vici"
    package static let defaultStateDirectory = "/var/lib/iked"
    /// How the daemon calls itself to be its own hook runner; no argument for people.
    static let hookRunnerArgument = "--run-hooks"

    /// `--config`: the configuration file.
    package var configurationPath = defaultConfigurationPath
    /// `--socket`: where the control socket is made.
    package var socketPath = defaultSocketPath
    /// `--state`: where the daemon keeps files of its own, such as exported keys.
    package var stateDirectory = defaultStateDirectory

    /// What to do instead of running.
    package enum Request: Equatable, Sendable {
        case run(Options)
        case runHooks
        case help
        case version
    }

    /// What is wrong with the command line.
    package struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    package static let versionText = "iked \(Software.version)"

    package static let usage = """
        usage: iked [--config FILE] [--socket PATH] [--state DIR]

        The IKEv2 daemon: runs in the foreground and logs to standard error.

          --config FILE   configuration (default \(defaultConfigurationPath))
          --socket PATH   control socket for ikectl and swanctl (default \(defaultSocketPath))
          --state DIR     directory for the daemon's own files (default \(defaultStateDirectory))
          --version       print the version
          --help          print this text

        SIGTERM and SIGINT delete all SAs with the peers and remove routes and devices; SIGHUP reads the
        configuration again.
        """

    /// Reads the arguments that follow the program's name.
    package static func parse(_ arguments: [String]) throws(UsageError) -> Request {
        var options = Options()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            switch parts.first {
            case "--help", "-h": return .help
            case "--version": return .version
            case hookRunnerArgument: return .runHooks
            case "--config": options.configurationPath = try value(parts, &rest)
            case "--socket": options.socketPath = try value(parts, &rest)
            case "--state": options.stateDirectory = try value(parts, &rest)
            default:
                throw UsageError(description: "unknown argument '\(argument)'; iked --help lists them")
            }
        }
        return .run(options)
    }

    private static func value(_ parts: [String], _ rest: inout ArraySlice<String>) throws(UsageError) -> String {
        if parts.count == 2 { return parts[1] }
        guard let next = rest.popFirst(), !next.isEmpty else {
            throw UsageError(description: "\(parts.first ?? "") needs a value")
        }
        return next
    }
}
