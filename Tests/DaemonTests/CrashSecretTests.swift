import Glibc
import IKECrypto
import Testing

@testable import Daemon

/// The file of the secret that outlives the daemon.
@Suite struct CrashSecretTests {
    private func file(_ directory: TemporaryDirectory) -> String { directory.path + "/" + CrashSecret.fileName }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func theSecretIsMadeOnceAndKept() throws {
        let directory = try TemporaryDirectory()
        let first = try CrashSecret.load(directory: directory.path)
        #expect(first.count == 32)
        #expect(mode(file(directory)) == 0o600)
        #expect(try CrashSecret.load(directory: directory.path) == first)
        #expect(access(file(directory) + ".new", F_OK) != 0)
    }

    @Test func theDirectoryIsMadeForUsAlone() throws {
        let outer = try TemporaryDirectory()
        let inner = outer.path + "/state"
        _ = try CrashSecret.load(directory: inner)
        #expect(mode(inner) == 0o700)
        unlink(inner + "/" + CrashSecret.fileName)
        rmdir(inner)
    }

    @Test func aSecretThatOthersMayHaveReadIsReplaced() throws {
        let directory = try TemporaryDirectory()
        let first = try CrashSecret.load(directory: directory.path)
        chmod(file(directory), 0o640)
        #expect(try CrashSecret.load(directory: directory.path) != first)
        #expect(mode(file(directory)) == 0o600)
    }

    @Test func aFileOfAnotherLengthIsReplaced() throws {
        let directory = try TemporaryDirectory()
        let first = try CrashSecret.load(directory: directory.path)
        truncate(file(directory), 7)
        let second = try CrashSecret.load(directory: directory.path)
        #expect(second.count == 32 && second != first)
    }

    @Test func aLinkIsNotFollowed() throws {
        let directory = try TemporaryDirectory()
        symlink("/etc/passwd", file(directory))
        #expect(try CrashSecret.load(directory: directory.path).count == 32)
        #expect(mode(file(directory)) == 0o600)
    }

    @Test func aDirectoryThatCannotBeMadeIsSaid() throws {
        #expect(throws: (any Error).self) { try CrashSecret.load(directory: "/nonexistent/state") }
    }
}
