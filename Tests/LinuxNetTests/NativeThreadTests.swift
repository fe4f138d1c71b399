import LinuxNet
import Synchronization
import Testing

@Suite struct NativeThreadTests {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
        let rounds = Atomic(0)
    }

    @Test func aThreadStaysOnItsProcessor() throws {
        let processor = try #require(Processors.usable.last)
        let flag = Flag()
        let thread = try NativeThread(name: "pinned", processor: processor) {
            flag.isSet.store(Processors.usable == [processor], ordering: .relaxed)
        }
        thread.join()
        let isPinned = flag.isSet.load(ordering: .relaxed)
        #expect(isPinned)
    }

    @Test func aBusyThreadIsSeenToUseTheProcessor() throws {
        let flag = Flag()
        let thread = try NativeThread(name: "busy") {
            while !flag.isSet.load(ordering: .relaxed) { flag.rounds.add(1, ordering: .relaxed) }
        }
        let first = try #require(thread.processorTime)
        // However slow the machine is: it works until it has used some time.
        while try #require(thread.processorTime) < first + .milliseconds(5) {}
        #expect(thread.name == "busy")
        #expect(try #require(NativeThread.ownProcessorTime) > .zero)
        flag.isSet.store(true, ordering: .relaxed)
        thread.join()
    }
}
