import CLinux
import Glibc

/// A program that runs beside us.
package struct ChildProcess: ~Copyable {
    /// How it ended.
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        /// It was killed because its time was up.
        case timedOut
    }

    private let process: pid_t

    /// Starts a program with a process group and default signals of its own.
    ///
    /// - Parameters:
    ///   - path: of the program's file.
    ///   - arguments: what follows the program's name.
    ///   - environment: `KEY=value`, all that it gets.
    ///   - descriptors: which of ours become which of its; others are closed, as far as they close on exec.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String],
        descriptors: [(ours: Int32, its: Int32)]
    ) throws(Errno) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (ours, its) in descriptors { posix_spawn_file_actions_adddup2(&actions, ours, its) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )
        var process = pid_t()
        let failure = Self.withPointers(to: [path] + arguments) { arguments in
            Self.withPointers(to: environment) { environment in
                posix_spawn(&process, path, &actions, &attributes, arguments, environment)
            }
        }
        guard failure == 0 else { throw Errno("run \(path)", code: failure) }
        self.process = process
    }

    /// Whether it has ended, and how; nil while it runs. Once it has ended it is not to be asked again.
    package func ending() -> Ending? {
        var status: Int32 = 0
        guard retrying({ waitpid(process, &status, WNOHANG) }) != 0 else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
    }

    /// Waits until it has ended; when the time is up it is killed with all that it started.
    package func wait(until deadline: UInt64) -> Ending {
        while true {
            if let ending = ending() { return ending }
            guard MonotonicClock.nanoseconds < deadline else { break }
            usleep(5000)
        }
        kill(-process, SIGKILL)
        var status: Int32 = 0
        _ = retrying { waitpid(process, &status, 0) }
        return .timedOut
    }

    /// Copies of the texts as C strings, with a null pointer behind the last.
    private static func withPointers(
        to texts: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) -> Int32 {
        let pointers = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in buffer.baseAddress.map(body) ?? EINVAL }
    }
}

// MARK: - Running to the end

extension ChildProcess {
    /// What became of a program.
    package struct Outcome: Equatable, Sendable {
        package let ending: Ending
        /// The beginning of what it wrote to standard output and standard error.
        package let output: [UInt8]
    }

    /// Runs a program, gives it something to read, and waits for it. What it leaves running keeps nobody waiting.
    ///
    /// - Parameters:
    ///   - input: at most 4096 octets, which a pipe always takes.
    ///   - limit: after which it is killed.
    ///   - mostOutput: octets; further ones are thrown away.
    package static func run(
        _ path: String,
        _ arguments: [String],
        environment: [String],
        input: [UInt8] = [],
        limit: Duration,
        mostOutput: Int
    ) throws(Errno) -> Outcome {
        let output = try Pipe()
        let supply = try Pipe.filled(with: input)
        let deadline = MonotonicClock.nanoseconds(after: limit)
        let process = try ChildProcess(
            path,
            arguments,
            environment: environment,
            descriptors: [(supply.raw, 0), (output.writing.raw, 1), (output.writing.raw, 2)]
        )
        var words: [UInt8] = []
        var ending: Ending?
        while ending == nil {
            ending = process.ending()
            output.drain(into: &words, limit: mostOutput)
            if ending == nil, MonotonicClock.nanoseconds >= deadline { ending = process.wait(until: deadline) }
            if ending == nil { output.await(milliseconds: 5) }
        }
        output.drain(into: &words, limit: mostOutput)
        return Outcome(ending: ending ?? .timedOut, output: words)
    }
}

/// A pipe(2) whose ends are not for programs, unless they are given them.
private struct Pipe: ~Copyable {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws(Errno) {
        let ends = try Self.ends()
        reading = FileDescriptor(adopting: ends.reading)
        writing = FileDescriptor(adopting: ends.writing)
    }

    private static func ends() throws(Errno) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        try checked("pipe") { pipe(&ends) }
        // Neither fails for descriptors that have just been made.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    private consuming func takeReading() -> FileDescriptor { reading }

    /// The reading end of a pipe that holds these octets, with its end behind them.
    static func filled(with octets: [UInt8]) throws(Errno) -> FileDescriptor {
        let pipe = try Pipe()
        let raw = (reading: pipe.reading.raw, writing: pipe.writing.raw)
        if !octets.isEmpty { try checked("write to a pipe") { write(raw.writing, octets, octets.count) } }
        try checked("fcntl") { fcntl(raw.reading, F_SETFL, 0) }
        return pipe.takeReading()
    }

    func drain(into words: inout [UInt8], limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = retrying { read(reading.raw, &buffer, buffer.count) }
            guard count > 0 else { return }
            words += buffer.prefix(count).prefix(max(0, limit - words.count))
        }
    }

    /// Until there is something to read, or the time is up.
    func await(milliseconds: Int32) {
        var wanted = pollfd(fd: reading.raw, events: Int16(POLLIN), revents: 0)
        _ = poll(&wanted, 1, milliseconds)
    }
}
