import VICI

/// Why a command ends early: what to say on standard error, and with which exit code.
enum Failure: Error, Equatable {
    case failed(String)
    /// Wrong usage; the name of the command whose help tells more, if one was recognised.
    case usage(String, of: String?)
    case daemon(VICIClientError)

    var exitCode: ExitCode {
        switch self {
        case .failed: .failed
        case .usage: .usage
        case .daemon(let error): error.isUnreachable ? .unreachable : .failed
        }
    }

    var message: String {
        switch self {
        case .failed(let message): message
        case .usage(let message, let command):
            "\(message)\n\(Help.program) \(command.map { "\($0) " } ?? "")--help tells more"
        case .daemon(let error): error.description
        }
    }
}
