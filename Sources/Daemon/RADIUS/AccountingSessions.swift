import IKECore
import Inet
import RADIUS

/// A user whom a server has let in, as accounting needs to know them.
struct AccountedUser {
    let name: [UInt8]
    let classes: [[UInt8]]
    let session: AccessSession
    /// How often to tell what has been used; nil for only at the end.
    let interimInterval: Duration?
}

/// The IKE SAs that account is kept of, from a server's accept to their end. A session outlives the rekeying of its IKE SA and
/// counts what all its CHILD SAs have carried. No I/O: what happens comes in, and the records to send are returned.
struct AccountingSessions {
    private final class Session {
        let id: String
        let user: AccountedUser
        let expectedAt: Instant
        /// When it was established; until then there is nothing to tell.
        var startedAt: Instant?
        var framedAddresses: [IPAddress] = []
        var children: Set<UInt32> = []
        /// What CHILD SAs have carried that are gone.
        var retired = AccountingRecord.Usage()
        var nextInterim: Instant?

        init(_ id: String, _ user: AccountedUser, _ now: Instant) {
            self.id = id
            self.user = user
            expectedAt = now
        }
    }

    /// An IKE SA that is not established so long after the accept never will be.
    private static let longestExpectation: Duration = .seconds(60)

    /// Distinguishes the sessions of this start from those of others.
    private let prefix: String
    private let usage: (UInt32) -> AccountingRecord.Usage?
    private let timestamp: () -> UInt32
    /// By the id of the IKE SA.
    private var sessions: [UInt32: Session] = [:]
    /// By the id of the CHILD SA.
    private var owners: [UInt32: Session] = [:]
    /// No interim record is due before; looked up among all of them only when it has passed.
    private(set) var nextDeadline: Instant?

    /// - Parameters:
    ///   - prefix: what every session's id begins with.
    ///   - usage: what a CHILD SA, named by its id, has carried so far.
    ///   - timestamp: the time in seconds since 1970.
    init(
        prefix: String,
        usage: @escaping (UInt32) -> AccountingRecord.Usage?,
        timestamp: @escaping () -> UInt32
    ) {
        self.prefix = prefix
        self.usage = usage
        self.timestamp = timestamp
    }

    // MARK: - Beginning

    /// A server has let the user of an IKE SA in, which is about to be established.
    mutating func expect(_ user: AccountedUser, ikeSA: UInt32, now: Instant) {
        for (id, session) in sessions
        where session.startedAt == nil && session.expectedAt + Self.longestExpectation <= now {
            forget(id)
        }
        forget(ikeSA)
        sessions[ikeSA] = Session("\(prefix)-\(ikeSA)", user, now)
    }

    /// An IKE SA is established. Nil for one that is not accounted for.
    mutating func begin(ikeSA: UInt32, framedAddresses: [IPAddress], now: Instant) -> AccountingRecord? {
        guard let session = sessions[ikeSA], session.startedAt == nil else { return nil }
        session.startedAt = now
        session.framedAddresses = framedAddresses
        if let interval = session.user.interimInterval {
            let first = now + interval
            session.nextInterim = first
            nextDeadline = nextDeadline.map { min($0, first) } ?? first
        }
        return record(.start, session, AccountingRecord.Usage(), now)
    }

    /// An IKE SA has a CHILD SA, perhaps in the place of another.
    mutating func add(child: UInt32, to ikeSA: UInt32) {
        guard let session = sessions[ikeSA] else { return }
        session.children.insert(child)
        owners[child] = session
    }

    /// An IKE SA is rekeyed.
    mutating func replace(_ old: UInt32, by new: UInt32) {
        if let session = sessions.removeValue(forKey: old) { sessions[new] = session }
    }

    // MARK: - Ending

    /// A CHILD SA is about to be removed, having carried this.
    mutating func retire(child: UInt32, _ usage: AccountingRecord.Usage) {
        guard let session = owners.removeValue(forKey: child) else { return }
        session.children.remove(child)
        session.retired += usage
    }

    /// An IKE SA has ended. Nil for one that is not accounted for.
    mutating func end(ikeSA: UInt32, _ cause: TerminateCause, now: Instant) -> AccountingRecord? {
        guard let session = sessions[ikeSA] else { return nil }
        let total = total(of: session)
        forget(ikeSA)
        return session.startedAt == nil ? nil : record(.stop(cause), session, total, now)
    }

    private mutating func forget(_ ikeSA: UInt32) {
        guard let session = sessions.removeValue(forKey: ikeSA) else { return }
        for child in session.children { owners[child] = nil }
    }

    // MARK: - In between

    /// The interim records that are due.
    mutating func interims(now: Instant) -> [AccountingRecord] {
        guard let deadline = nextDeadline, deadline <= now else { return [] }
        var records: [AccountingRecord] = []
        for (_, session) in sessions.sorted(by: { $0.key < $1.key }) {
            guard let due = session.nextInterim, due <= now, let interval = session.user.interimInterval else {
                continue
            }
            session.nextInterim = now + interval
            records.append(record(.interim, session, total(of: session), now))
        }
        nextDeadline = sessions.values.compactMap(\.nextInterim).min()
        return records
    }

    private func total(of session: Session) -> AccountingRecord.Usage {
        session.children.compactMap(usage).reduce(into: session.retired) { $0 += $1 }
    }

    private func record(
        _ status: AccountingRecord.Status,
        _ session: Session,
        _ usage: AccountingRecord.Usage,
        _ now: Instant
    ) -> AccountingRecord {
        AccountingRecord(
            status: status,
            sessionID: session.id,
            session: session.user.session,
            userName: session.user.name,
            classes: session.user.classes,
            framedAddresses: session.framedAddresses,
            duration: session.startedAt.map { now - $0 } ?? .zero,
            usage: usage,
            timestamp: timestamp()
        )
    }
}

extension AccountingRecord.Usage {
    fileprivate static func += (sum: inout Self, other: Self) {
        sum.inputOctets &+= other.inputOctets
        sum.outputOctets &+= other.outputOctets
        sum.inputPackets &+= other.inputPackets
        sum.outputPackets &+= other.outputPackets
    }
}

extension TerminateCause {
    /// - Parameter reason: what `Event.ikeClosed` gives.
    init(reason: String) {
        switch reason {
        case Ending.deletedByPeer: self = .userRequest
        case Ending.asked: self = .adminReset
        case Ending.shuttingDown: self = .adminReboot
        case Ending.lifetimeEnded, Ending.notRenewed: self = .sessionTimeout
        // Failures: above all, peers that are gone.
        default: self = .lostService
        }
    }
}
