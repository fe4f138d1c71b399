/// What `ikectl doctor` sees of a host; tests bring one of their own.
struct HostView {
    /// The text of a small file, as of `/proc`; nil: it is not there or may not be read.
    var text: (_ path: String) -> String?
    /// The names in a directory; empty where it is not there.
    var names: (_ directory: String) -> [String]
    /// What a symbolic link leads to; nil: it is none or may not be read.
    var target: (_ link: String) -> String?
    /// Starts a program, and returns what waits for its end; nil: there is no such program.
    var start: (_ program: Program) -> (() -> ProgramResult)?
    /// The errno that opening `/dev/net/tun` ends with; zero where it opens.
    var tunError: () -> Int32
    /// Since 1970.
    var seconds: () -> Int64

    struct Program {
        var name: String
        var arguments: [String]
        /// What it finds at its standard input.
        var input: String?

        init(_ name: String, _ arguments: String..., input: String? = nil) {
            self.name = name
            self.arguments = arguments
            self.input = input
        }
    }

    struct ProgramResult {
        var status: Int32
        var output: String
    }
}

extension HostView {
    /// A number in a file of its own, as in `/proc/sys`.
    func number(_ path: String) -> Int? {
        text(path).flatMap { Int($0.filter { !$0.isWhitespace }) }
    }

    /// The processes with their names, as far as they can be seen.
    var processes: [(id: Int, name: String)] {
        names("/proc").compactMap { Int($0) }.sorted().compactMap { id in
            text("/proc/\(id)/comm").map { (id, String($0.prefix { $0 != "\n" })) }
        }
    }
}

/// One thing that was looked at.
struct Finding: Equatable {
    enum Level: String {
        case ok, warning, failure
        /// It could not be looked at.
        case unchecked
    }

    var level: Level
    /// A word: `device`, `firewall`.
    var subject: String
    var message: String
    /// What to do about it.
    var advice: String?

    static func ok(_ subject: String, _ message: String) -> Finding {
        Finding(level: .ok, subject: subject, message: message)
    }

    static func warning(_ subject: String, _ message: String, _ advice: String) -> Finding {
        Finding(level: .warning, subject: subject, message: message, advice: advice)
    }

    static func failure(_ subject: String, _ message: String, _ advice: String) -> Finding {
        Finding(level: .failure, subject: subject, message: message, advice: advice)
    }

    static func unchecked(_ subject: String, _ message: String, _ advice: String? = nil) -> Finding {
        Finding(level: .unchecked, subject: subject, message: message, advice: advice)
    }
}
