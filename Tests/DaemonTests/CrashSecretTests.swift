import Glibc
import IKECrypto
import Testing

@testable import Daemon

/// The file of the secret that outlives the daemon.
@Suite struct CrashSecretTests {
    /// A directory of its own that goes with the test.
    private final class Directory {
        let path: String

        struct Failure: Error {}

        init() throws {
            var template = Array("/tmp/crash-secret-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw Failure() }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit {
            unlink(file)
            rmdir(path)
        }

        var file: String { path + "/" + CrashSecret.fileName }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func theSecretIsMadeOnceAndKept() throws {
        let directory = try Directory()
        let first = try CrashSecret.load(directory: directory.path)
        #expect(first.count == 32)
        #expect(mode(directory.file) == 0o600)
        #expect(try CrashSecret.load(directory: directory.path) == first)
        #expect(access(directory.file + ".new", F_OK) != 0)
    }

    @Test func theDirectoryIsMadeForUsAlone() throws {
        let outer = try Directory()
        let inner = outer.path + "/state"
        _ = try CrashSecret.load(directory: inner)
        #expect(mode(inner) == 0o700)
        unlink(inner + "/" + CrashSecret.fileName)
        rmdir(inner)
    }

    @Test func aSecretThatOthersMayHaveReadIsReplaced() throws {
        let directory = try Directory()
        let first = try CrashSecret.load(directory: directory.path)
        chmod(directory.file, 0o640)
        #expect(try CrashSecret.load(directory: directory.path) != first)
        #expect(mode(directory.file) == 0o600)
    }

    @Test func aFileOfAnotherLengthIsReplaced() throws {
        let directory = try Directory()
        let first = try CrashSecret.load(directory: directory.path)
        truncate(directory.file, 7)
        let second = try CrashSecret.load(directory: directory.path)
        #expect(second.count == 32 && second != first)
    }

    @Test func aLinkIsNotFollowed() throws {
        let directory = try Directory()
        symlink("/etc/passwd", directory.file)
        #expect(try CrashSecret.load(directory: directory.path).count == 32)
        #expect(mode(directory.file) == 0o600)
    }

    @Test func aDirectoryThatCannotBeMadeIsSaid() throws {
        #expect(throws: (any Error).self) { try CrashSecret.load(directory: "/nonexistent/state") }
    }
}
