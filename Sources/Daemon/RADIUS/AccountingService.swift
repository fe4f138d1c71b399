import DataPlane
import IKECore
import IKECrypto
import Inet
import LinuxNet
import RADIUS

/// Sends accounting records to the servers, and repeats them until one confirms. What cannot be delivered is lost with a line in the
/// log: accounting never takes a tunnel down.
final class AccountingService {
    private let client: RADIUSClient
    private let sockets: RADIUSSockets
    private var sessions: AccountingSessions
    /// What is under way, in words.
    private var records: [RequestID: String] = [:]
    private var lastID: UInt64 = 0
    private let origin: Instant
    /// Takes what the client says of its servers, and of records that were lost.
    var log: (LogRecord.Level, String) -> Void = { _, _ in }
    /// Called when `nextDeadline` may have become another one.
    var deadlineChanged: () -> Void = {}

    init(
        servers: [RADIUSServer],
        patience: RADIUSPatience,
        random: any RandomSource,
        loop: EventLoop,
        sessions: AccountingSessions,
        now: Instant
    ) {
        client = RADIUSClient(.accounting, servers: servers, patience: patience, random: random)
        sockets = RADIUSSockets(loop: loop)
        self.sessions = sessions
        origin = now
    }

    /// Datagrams that arrive are taken from now on, at the time that `clock` tells.
    func listen(_ clock: @escaping () -> Instant) {
        sockets.received = { [weak self] octets, source in
            guard let self else { return }
            client.receive(octets, from: source, now: clock() - origin)
            carryOut()
        }
    }

    func move(_ server: RADIUSClient.ServerIndex, to address: SocketAddress) { client.move(server, to: address) }

    // MARK: - What happens

    func expect(_ user: AccountedUser, ikeSA: UInt32, now: Instant) { sessions.expect(user, ikeSA: ikeSA, now: now) }

    func note(_ event: Event, now: Instant) {
        switch event {
        case .ikeEstablished(let sa):
            tell(sessions.begin(ikeSA: sa.id, framedAddresses: sa.remoteVirtual, now: now), now)
        case .ikeRekeyed(let old, let new): sessions.replace(old.id, by: new.id)
        case .ikeClosed(let sa, let reason):
            tell(sessions.end(ikeSA: sa.id, TerminateCause(reason: reason), now: now), now)
        case .childEstablished(let childSA, let sa): sessions.add(child: childSA.id, to: sa.id)
        case .childRekeyed(_, let childSA, let sa): sessions.add(child: childSA.id, to: sa.id)
        case .ikeFailed, .childFailed, .childClosed, .childTrapped, .retransmitted, .ikeMoving, .answered, .traced,
            .commandFinished:
            break
        }
    }

    /// A CHILD SA is about to be removed.
    func retire(_ childSA: ChildSA, _ counters: ChildCounters) {
        sessions.retire(child: childSA.id, AccountingRecord.Usage(counters))
    }

    // MARK: - Time

    var nextDeadline: Instant? {
        [client.nextDeadline.map { origin + $0 }, sessions.nextDeadline].compactMap { $0 }.min()
    }

    func timePassed(_ now: Instant) {
        for record in sessions.interims(now: now) { tell(record, now) }
        client.timePassed(now - origin)
        carryOut()
    }

    // MARK: - Sending

    private func tell(_ record: AccountingRecord?, _ now: Instant) {
        guard let record else { return }
        lastID += 1
        let id = RequestID(rawValue: lastID)
        records[id] = record.words
        client.ask(id, record.attributes, now: now - origin)
        carryOut()
    }

    private func carryOut() {
        while let output = client.poll() {
            switch output {
            case .send(let octets, let address):
                do throws(Errno) {
                    try sockets.send(octets, to: address)
                } catch {
                    // It is repeated, as if the network had lost it.
                    log(.warning, "could not send to the RADIUS server at \(address): \(error)")
                }
            case .finished(let id, let outcome): finish(records.removeValue(forKey: id) ?? "a record", outcome)
            case .lost(let text): log(.warning, "accounting: \(text)")
            case .found(let text): log(.info, "accounting: \(text)")
            case .refused(let text): log(.warning, "accounting: \(text)")
            }
        }
        deadlineChanged()
    }

    private func finish(_ words: String, _ outcome: RADIUSClient.Outcome) {
        switch outcome {
        case .answered: break
        case .unreachable(let sentence): log(.warning, "accounting has lost \(words): \(sentence)")
        case .unsendable(let error): log(.warning, "accounting has lost \(words): \(error)")
        }
    }
}

extension AccountingRecord {
    /// As logs name it.
    fileprivate var words: String {
        let name = String(decoding: userName, as: UTF8.self).singleLine
        return switch status {
        case .start: "the start of session \(sessionID) of \(name)"
        case .interim: "an interim record of session \(sessionID) of \(name)"
        case .stop: "the end of session \(sessionID) of \(name)"
        }
    }
}

extension AccountingRecord.Usage {
    /// What came in by the tunnel is what the user has sent.
    init(_ counters: ChildCounters) {
        self.init(
            inputOctets: counters.inbound.octets,
            outputOctets: counters.outbound.octets,
            inputPackets: counters.inbound.packets,
            outputPackets: counters.outbound.packets
        )
    }
}
