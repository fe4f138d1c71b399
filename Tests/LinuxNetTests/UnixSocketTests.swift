import Glibc
import LinuxNet
import Testing

@Suite struct UnixSocketTests {
    /// A path that no other test uses.
    private func freshPath(_ name: String) -> String { "/tmp/linuxnet-\(getpid())-\(name).sock" }

    private func fileMode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : nil
    }

    @Test func aConnectionCarriesOctetsBothWays() throws {
        let path = freshPath("both-ways")
        let listener = try UnixListener(path: path)
        guard case .none = try listener.accept() else {
            Issue.record("nobody has connected yet")
            return
        }
        let client = try StreamSocket(connectingTo: path)
        guard let server = try listener.accept() else {
            Issue.record("the connection is there")
            return
        }
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(try buffer.withUnsafeMutableBytes { try server.read(into: $0) } == nil)
        #expect(try [1, 2, 3].withUnsafeBytes { try client.write(UnsafeRawBufferPointer(rebasing: $0[0..<3])) } == 3)
        #expect(try buffer.withUnsafeMutableBytes { try server.read(into: $0) } == 3)
        #expect(try [UInt8(9)].withUnsafeBytes { try server.write($0) } == 1)
        #expect(try buffer.withUnsafeMutableBytes { try client.read(into: $0) } == 1)
        #expect(buffer[0] == 9)
    }

    @Test func theSocketIsForItsOwnerOnlyAndGoneWithTheListener() throws {
        let path = freshPath("mode")
        do {
            let listener = try UnixListener(path: path)
            #expect(fileMode(listener.path).map { $0 & 0o777 } == 0o600)
        }
        #expect(fileMode(path) == nil)
    }

    @Test func aStaleSocketIsTakenOver() throws {
        let path = freshPath("stale")
        defer { unlink(path) }
        // What a killed process leaves: the file of a socket that is closed.
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(raw)
        try #require(bound == 0)
        try #require(fileMode(path) != nil)

        let listener = try UnixListener(path: path)
        _ = try StreamSocket(connectingTo: path)
        guard case .some = try listener.accept() else {
            Issue.record("the new listener answers")
            return
        }
    }

    @Test func aLiveSocketIsNotTakenOver() throws {
        let path = freshPath("live")
        let first = try UnixListener(path: path)
        let error = #expect(throws: Errno.self) { _ = try UnixListener(path: path) }
        #expect(error?.code == EADDRINUSE)
        #expect(error?.advice == "another daemon is running on this socket")
        #expect(fileMode(first.path) != nil)
    }

    @Test func aFileInTheWayIsNotRemoved() throws {
        let path = freshPath("file")
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        defer { unlink(path) }
        let error = #expect(throws: Errno.self) { _ = try UnixListener(path: path) }
        #expect(error?.code == EADDRINUSE)
        #expect(fileMode(path) != nil)
    }

    @Test func aPathThatIsTooLongIsRefused() {
        let path = "/tmp/" + String(repeating: "x", count: 200)
        let error = #expect(throws: Errno.self) { _ = try UnixListener(path: path) }
        #expect(error?.code == ENAMETOOLONG)
    }
}
