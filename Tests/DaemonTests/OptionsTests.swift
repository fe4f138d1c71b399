import Testing

@testable import Daemon

@Suite struct OptionsTests {
    @Test func withoutArgumentsTheDefaultPlacesAreUsed() throws {
        #expect(try Options.parse([]) == .run(Options()))
        #expect(Options().configurationPath == "/etc/iked/iked.conf")
    }

    @Test func valuesMayFollowOrBeJoinedByAnEqualsSign() throws {
        var wanted = Options()
        wanted.configurationPath = "/tmp/a.conf"
        wanted.socketPath = "/tmp/s"
        wanted.stateDirectory = "/tmp/d"
        let arguments = ["--config", "/tmp/a.conf", "--socket=/tmp/s", "--state", "/tmp/d"]
        #expect(try Options.parse(arguments) == .run(wanted))
    }

    @Test(arguments: [["--config"], ["--sockte", "/tmp/s"], ["somewhere"], ["--socket", ""]])
    func whatIsNotUnderstoodIsRefused(_ arguments: [String]) {
        #expect(throws: Options.UsageError.self) { try Options.parse(arguments) }
    }

    @Test func helpAndVersionGoBeforeRunning() throws {
        #expect(try Options.parse(["--help"]) == .help)
        #expect(try Options.parse(["--config", "x", "--version"]) == .version)
    }
}
