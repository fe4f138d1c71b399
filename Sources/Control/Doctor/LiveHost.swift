import Glibc

extension HostView {
    /// The host that this runs on.
    static var live: HostView {
        HostView(
            text: { LiveHost.text($0) },
            names: { HostFile.names(in: $0) ?? [] },
            target: { LiveHost.target($0) },
            start: { LiveHost.start($0) },
            tunError: {
                let device = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
                guard device >= 0 else { return errno }
                close(device)
                return 0
            },
            seconds: { Int64(time(nil)) }
        )
    }
}

private enum LiveHost {
    /// More than any file or answer that is read here.
    private static let most = 16 * 1024 * 1024

    static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return HostFile.octets(of: file, limit: most).map { String(decoding: $0, as: UTF8.self) }
    }

    static func target(_ link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters -> Int in
                guard let start = characters.baseAddress else { return -1 }
                return readlink(link, start, characters.count)
            }
        }
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Standard error is left out: what a program complains about, its status says.
    static func start(_ program: HostView.Program) -> (() -> HostView.ProgramResult)? {
        guard let path = path(of: program.name) else { return nil }
        // A file: who writes to a pipe may wait for a program that waits for somebody to read its output.
        let file = program.input == nil ? nil : tmpfile()
        defer { if let file { fclose(file) } }
        if let input = program.input {
            guard let file, fputs(input, file) >= 0 else { return nil }
            rewind(file)
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let file { posix_spawn_file_actions_adddup2(&actions, fileno(file), STDIN_FILENO) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var process = pid_t()
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + program.arguments).map { strdup($0) } + [nil]
        // What is printed is read by a program.
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("LC_ALL=C"), nil]
        defer { for word in words + environment { free(word) } }
        let result = posix_spawn(&process, path, &actions, nil, &words, &environment)
        close(ends[1])
        guard result == 0 else {
            close(ends[0])
            return nil
        }
        return { [output = ends[0], process] in end(of: process, output) }
    }

    /// Waits for a program, and closes the pipe that it writes to.
    private static func end(of process: pid_t, _ output: Int32) -> HostView.ProgramResult {
        let text = HostFile.octets(of: output, limit: most) ?? []
        close(output)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        return HostView.ProgramResult(status: code, output: String(decoding: text, as: UTF8.self))
    }

    private static func path(of program: String) -> String? {
        for directory in ["/usr/sbin", "/sbin", "/usr/bin", "/bin"] {
            let path = "\(directory)/\(program)"
            if access(path, X_OK) == 0 { return path }
        }
        return nil
    }
}
