import Glibc
import Synchronization
import Testing

@testable import LinuxNet

@Suite struct DescriptorTests {
    @Test func aRingWakesTheWaiterWithItsToken() throws {
        let epoll = try Epoll()
        let bell = try EventFD()
        var events = Epoll.EventBuffer(capacity: 8)
        try epoll.add(bell.raw, .readable, token: 0xffff_0000_1234_5678)

        try epoll.wait(into: &events, milliseconds: 0)
        #expect(events.count == 0)

        bell.ring()
        bell.ring()
        try epoll.wait(into: &events, milliseconds: 1000)
        try #require(events.count == 1)
        #expect(events[0].token == 0xffff_0000_1234_5678)
        #expect(events[0].events == .readable)

        bell.clear()
        try epoll.wait(into: &events, milliseconds: 0)
        #expect(events.count == 0)
    }

    @Test func aChangedInterestReplacesTheOldOne() throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.datagramPair()
        var events = Epoll.EventBuffer()
        try epoll.add(pair.first.raw, .readable, token: 1)
        try epoll.modify(pair.first.raw, .writable, token: 2)
        try epoll.wait(into: &events, milliseconds: 0)
        try #require(events.count == 1)
        #expect(events[0].token == 2)
        #expect(events[0].events == .writable)
        try epoll.remove(pair.first.raw)
        try epoll.wait(into: &events, milliseconds: 0)
        #expect(events.count == 0)
    }

    @Test func aTimerRingsForATimeThatHasPassedAndNotForOneFarAhead() throws {
        let epoll = try Epoll()
        let timer = try TimerFD()
        var events = Epoll.EventBuffer()
        try epoll.add(timer.raw, .readable, token: 1)

        try timer.set(at: MonotonicClock.nanoseconds &+ 3_600_000_000_000)
        try epoll.wait(into: &events, milliseconds: 0)
        #expect(events.count == 0)

        try timer.set(at: 0)
        try epoll.wait(into: &events, milliseconds: 1000)
        #expect(events.count == 1)
        timer.clear()

        try timer.set(at: 0)
        try timer.set(at: nil)
        try epoll.wait(into: &events, milliseconds: 0)
        #expect(events.count == 0)
    }

    @Test func theClockMovesForward() {
        let first = MonotonicClock.nanoseconds
        let second = MonotonicClock.nanoseconds
        #expect(first > 0)
        #expect(second >= first)
    }

    @Test func aBlockedSignalIsReadInsteadOfEndingTheProcess() throws {
        // On a thread of its own, so that only this thread's signal mask changes.
        let seen = Mutex<[Int32?]>([])
        let thread = try NativeThread(name: "signals") {
            do {
                let signals = try SignalFD([SIGUSR1])
                let before = try signals.next()
                pthread_kill(pthread_self(), SIGUSR1)
                let after = try signals.next()
                seen.withLock { $0 = [before, after] }
            } catch {
                seen.withLock { $0 = [] }
            }
        }
        thread.join()
        #expect(seen.withLock { $0 } == [nil, SIGUSR1])
    }

    @Test func aPairKeepsTheBoundariesOfPackets() throws {
        let pair = try FileDescriptor.datagramPair()
        let sent: [[UInt8]] = [[1, 2, 3], [4]]
        for packet in sent {
            #expect(try packet.withUnsafeBytes { try pair.first.write($0) } == packet.count)
        }
        var buffer = [UInt8](repeating: 0, count: 100)
        for packet in sent {
            let count = try #require(try buffer.withUnsafeMutableBytes { try pair.second.read(into: $0) })
            #expect(Array(buffer.prefix(count)) == packet)
        }
        #expect(try buffer.withUnsafeMutableBytes { try pair.second.read(into: $0) } == nil)
    }

    @Test func anErrorSaysWhatWasDoneWhyItFailedAndWhatToChange() {
        let plain = Errno("open /dev/net/tun", code: ENOENT)
        #expect(plain.description == "open /dev/net/tun: No such file or directory")
        let advised = Errno("bind", code: EACCES, advice: "run as root")
        #expect(advised.description == "bind: Permission denied; run as root")
    }

    @Test func missingCapabilitiesAreNamed() {
        let never = Capability(number: 63, description: "CAP_THAT_NOBODY_HAS")
        #expect(!never.isEffective)
        let error = #expect(throws: Errno.self) { try Capability.require([never]) }
        #expect(error?.description.contains("CAP_THAT_NOBODY_HAS") == true)
        #expect(throws: Never.self) { try Capability.require([]) }
    }
}
