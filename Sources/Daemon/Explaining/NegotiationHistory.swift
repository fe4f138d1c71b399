import IKECore
import Inet

/// What became of negotiations lately, for those who ask why a connection is not up.
///
/// Of each connection the last failure in either role and of each child is kept until it comes about, and how its last IKE SA
/// ended. Failures that lead to no connection are kept by peer. Both are bounded: connections by the configuration, peers by
/// `mostPeers`, since strangers can cause as many failures as they like.
struct NegotiationHistory {
    /// A failure, and how often the same was seen before.
    struct Entry {
        var what: FailedNegotiation
        var at: Instant
        var count = 1
    }

    /// What is kept of a connection.
    struct Record {
        var failures: [Key: Entry] = [:]
        /// How the last IKE SA ended.
        var closed: (reason: String, at: Instant)?
    }

    /// One failure is kept for each.
    struct Key: Hashable {
        var role: Role
        var child: String?
    }

    /// Peers without a connection that are remembered.
    static let mostPeers = 64
    /// Children of one connection that are remembered; configurations seldom have more.
    private static let mostKeys = 64

    private var records: [String: Record] = [:]
    /// The latest last, one for each address.
    private(set) var strangers: [Entry] = []

    mutating func note(_ event: Event, _ now: Instant) {
        switch event {
        case .ikeFailed(let failed), .childFailed(let failed): note(failed, now)
        case .ikeEstablished(let sa):
            guard let name = sa.connection else { return }
            for role in [Role.initiator, .responder] { records[name]?.failures[Key(role: role, child: nil)] = nil }
            records[name]?.closed = nil
            strangers.removeAll { $0.what.remote.address == sa.remote.address }
        case .ikeClosed(let sa, let reason):
            guard let name = sa.connection else { return }
            records[name, default: Record()].closed = (reason, now)
        case .childEstablished(let childSA, _):
            records[childSA.connection]?.failures[Key(role: .initiator, child: childSA.name)] = nil
            records[childSA.connection]?.failures[Key(role: .responder, child: "")] = nil
        case .ikeRekeyed, .childRekeyed, .childClosed, .childTrapped, .retransmitted, .ikeMoving, .answered, .traced,
            .commandFinished:
            break
        }
    }

    /// A negotiation could not even begin, as it is not known where the peer is or there is no way to it.
    mutating func noteUnreachable(_ connection: String, _ failure: NegotiationFailure, _ now: Instant) {
        let nowhere = SocketAddress(address: .anyV4, port: 0)
        note(FailedNegotiation(.initiator, connection: connection, local: nowhere, remote: nowhere, failure), now)
    }

    private mutating func note(_ failed: FailedNegotiation, _ now: Instant) {
        guard let name = failed.connection else { return noteStranger(failed, now) }
        let key = Key(role: failed.role, child: failed.child)
        let former = records[name]?.failures[key]
        guard former != nil || records[name]?.failures.count ?? 0 < Self.mostKeys else { return }
        records[name, default: Record()].failures[key] = Entry(what: failed, at: now, count: (former?.count ?? 0) + 1)
    }

    private mutating func noteStranger(_ failed: FailedNegotiation, _ now: Instant) {
        let former = strangers.firstIndex { $0.what.remote.address == failed.remote.address }
        let count = former.map { strangers.remove(at: $0).count } ?? 0
        strangers.append(Entry(what: failed, at: now, count: count + 1))
        if strangers.count > Self.mostPeers { strangers.removeFirst() }
    }

    /// What is known of a connection; nothing where nothing went wrong.
    func record(of connection: String) -> Record { records[connection] ?? Record() }

    /// All failures, the latest first.
    var all: [Entry] { (records.values.flatMap { $0.failures.values } + strangers).sorted { $0.at > $1.at } }

    /// Connections that are not configured any more have no history.
    mutating func forget(except names: [String]) {
        let names = Set(names)
        records = records.filter { names.contains($0.key) }
    }
}
