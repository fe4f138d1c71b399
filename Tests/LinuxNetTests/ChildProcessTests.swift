import Glibc
import LinuxNet
import Testing

/// Programs that run beside us.
@Suite struct ChildProcessTests {
    private func run(
        _ script: String,
        input: String = "",
        limit: Duration = .seconds(20),
        mostOutput: Int = 1000
    ) throws -> (ending: ChildProcess.Ending, output: String) {
        let outcome = try ChildProcess.run(
            "/bin/sh",
            ["-c", script],
            environment: ["WORD=x"],
            input: Array(input.utf8),
            limit: limit,
            mostOutput: mostOutput
        )
        return (outcome.ending, String(decoding: outcome.output, as: UTF8.self))
    }

    @Test func itsOutputAndItsEndingAreSeen() throws {
        #expect(try run("echo $WORD; echo y >&2; exit 4") == (.exited(4), "x\ny\n"))
        #expect(try run("kill -9 $$") == (.killed(signal: SIGKILL), ""))
    }

    @Test func itReadsItsInputToTheEnd() throws {
        #expect(try run("cat", input: "a\nb\n") == (.exited(0), "a\nb\n"))
        #expect(try run("cat") == (.exited(0), ""))
    }

    @Test func itIsKilledWithWhatItStartedWhenItsTimeIsUp() throws {
        #expect(try run("sleep 60 & sleep 60", limit: .milliseconds(100)).ending == .timedOut)
    }

    @Test func whatItLeavesRunningKeepsNobodyWaiting() throws {
        let start = MonotonicClock.nanoseconds
        #expect(try run("sleep 30 & exit 0").ending == .exited(0))
        #expect(MonotonicClock.nanoseconds - start < 20_000_000_000)
    }

    @Test func onlyTheBeginningOfALongOutputIsKept() throws {
        let (ending, output) = try run(
            "i=0; while [ $i -lt 20000 ]; do echo 12345678; i=$((i+1)); done",
            mostOutput: 100
        )
        #expect(ending == .exited(0) && output.utf8.count == 100)
    }

    @Test func aProgramThatDoesNotExistIsAnError() {
        #expect(throws: Errno.self) {
            try ChildProcess.run("/nonexistent/x", [], environment: [], limit: .seconds(1), mostOutput: 0)
        }
    }
}
