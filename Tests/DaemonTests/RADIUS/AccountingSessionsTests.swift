import IKECore
import Inet
import RADIUS
import Testing

@testable import Daemon

@Suite struct AccountingSessionsTests {
    /// What the CHILD SAs of a test have carried.
    private final class Carried {
        var usage: [UInt32: AccountingRecord.Usage] = [:]
    }

    private let carried = Carried()
    private var sessions: AccountingSessions

    init() {
        let carried = carried
        sessions = AccountingSessions(prefix: "9", usage: { carried.usage[$0] }, timestamp: { 42 })
    }

    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private func user(interim: Duration? = nil) throws -> AccountedUser {
        let address = try #require(IPAddress("192.0.2.1"))
        return AccountedUser(
            name: Array("anna".utf8),
            classes: [[7]],
            session: AccessSession(
                nasIdentifier: "gw",
                port: 3,
                portName: "road",
                local: SocketAddress(address: address, port: 4500),
                remote: SocketAddress(address: address, port: 4501)
            ),
            interimInterval: interim
        )
    }

    private func usage(_ octets: UInt64) -> AccountingRecord.Usage {
        AccountingRecord.Usage(inputOctets: octets, outputOctets: 2 * octets, inputPackets: 1, outputPackets: 2)
    }

    @Test mutating func aSessionBeginsWhenItsSAIsEstablished() throws {
        let address = try #require(IPAddress("10.3.0.7"))
        sessions.expect(try user(), ikeSA: 3, now: at(0))
        let other = sessions.begin(ikeSA: 4, framedAddresses: [], now: at(1))
        #expect(other == nil)
        let begun = sessions.begin(ikeSA: 3, framedAddresses: [address], now: at(1))
        let record = try #require(begun)
        #expect(record.sessionID == "9-3")
        #expect(record.userName == Array("anna".utf8))
        #expect(record.classes == [[7]])
        #expect(record.framedAddresses == [address])
        #expect(record.timestamp == 42)
        guard case .start = record.status else {
            Issue.record("not a start")
            return
        }
        let again = sessions.begin(ikeSA: 3, framedAddresses: [], now: at(2))
        #expect(again == nil)
    }

    @Test mutating func itsEndCountsWhatAllItsCHILDSAsHaveCarried() throws {
        sessions.expect(try user(), ikeSA: 3, now: at(0))
        sessions.add(child: 1, to: 3)
        _ = sessions.begin(ikeSA: 3, framedAddresses: [], now: at(1))
        sessions.add(child: 2, to: 3)
        sessions.retire(child: 1, usage(100))
        sessions.retire(child: 1, usage(100))
        // The IKE SA is rekeyed, and the session goes on under another number.
        sessions.replace(3, by: 8)
        sessions.add(child: 5, to: 8)
        carried.usage = [1: usage(1000), 2: usage(10), 5: usage(1), 6: usage(1000)]
        let ended = sessions.end(ikeSA: 8, .userRequest, now: at(61))
        let record = try #require(ended)
        #expect(record.sessionID == "9-3")
        #expect(record.duration == .seconds(60))
        #expect(record.usage.inputOctets == 111 && record.usage.outputOctets == 222)
        #expect(record.usage.inputPackets == 3 && record.usage.outputPackets == 6)
        guard case .stop(.userRequest) = record.status else {
            Issue.record("not a stop")
            return
        }
        let again = sessions.end(ikeSA: 8, .userRequest, now: at(62))
        #expect(again == nil)
    }

    @Test mutating func interimRecordsComeWhenTheyAreDue() throws {
        sessions.expect(try user(interim: .seconds(60)), ikeSA: 3, now: at(0))
        sessions.expect(try user(interim: .seconds(90)), ikeSA: 4, now: at(0))
        sessions.expect(try user(), ikeSA: 5, now: at(0))
        for id in [3, 4, 5] as [UInt32] { _ = sessions.begin(ikeSA: id, framedAddresses: [], now: at(0)) }
        sessions.add(child: 1, to: 3)
        carried.usage = [1: usage(5)]
        var told: [[String]] = []
        while let deadline = sessions.nextDeadline, deadline < at(200) {
            let records = sessions.interims(now: deadline)
            told.append(records.map { "\($0.sessionID) \($0.duration.wholeSeconds) \($0.usage.inputOctets)" })
        }
        #expect(told == [["9-3 60 5"], ["9-4 90 0"], ["9-3 120 5"], ["9-3 180 5", "9-4 180 0"]])
        let early = sessions.interims(now: at(200))
        #expect(early.isEmpty)
        _ = sessions.end(ikeSA: 3, .lostService, now: at(201))
        _ = sessions.end(ikeSA: 4, .lostService, now: at(201))
        let none = sessions.interims(now: at(400))
        #expect(none.isEmpty && sessions.nextDeadline == nil)
    }

    @Test mutating func whatIsNeverEstablishedIsForgotten() throws {
        sessions.expect(try user(), ikeSA: 3, now: at(0))
        sessions.expect(try user(), ikeSA: 4, now: at(60))
        let forgotten = sessions.begin(ikeSA: 3, framedAddresses: [], now: at(61))
        #expect(forgotten == nil)
        // One that fails before it is established has nothing to tell.
        let failed = sessions.end(ikeSA: 4, .lostService, now: at(62))
        #expect(failed == nil)
    }

    @Test(arguments: [
        (Ending.deletedByPeer, TerminateCause.userRequest), (Ending.asked, .adminReset),
        (Ending.shuttingDown, .adminReboot), (Ending.lifetimeEnded, .sessionTimeout),
        (Ending.notRenewed, .sessionTimeout), ("the peer does not answer", .lostService),
    ])
    func endsHaveCauses(reason: String, cause: TerminateCause) {
        #expect(TerminateCause(reason: reason) == cause)
    }
}
