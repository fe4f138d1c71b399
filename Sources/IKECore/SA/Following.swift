import IKEWire
import Inet

// How the SAs that stand follow a configuration that was read again.
//
// An SA keeps what it was negotiated by until somebody says that it is to follow. Then it is compared with its connection
// as that is configured now:
//
//     the connection is gone, is for other addresses, or for another peer     the IKE SA is deleted
//     something has changed that the peer agreed to                           a new IKE SA takes its place, make before break
//     the selectors of a child have changed                                   a new CHILD SA takes the place of the old one
//     its proposals, lifetimes or options have changed                        the CHILD SA is rekeyed
//     the child is gone                                                       the CHILD SA is deleted
//     anything else                                                           holds from now on
//
// The peer may be changed a little later than this end, and refuse until then: the old SA stands meanwhile and it is tried
// again, but not for ever, since what stands should be what is configured.

/// What becomes of an IKE SA whose connection has changed.
package struct FollowUp: Hashable, Sendable {
    package enum Course: Hashable, Sendable {
        /// It is deleted.
        case end(reason: String)
        /// We negotiate a new IKE SA, which takes its place.
        case renewal
        /// The same, but only the peer can begin it; it is asked to.
        case renewalByPeer
        /// It goes on by the new settings.
        case goesOn
    }

    /// What becomes of one CHILD SA.
    package struct Child: Hashable, Sendable {
        package enum Course: Hashable, Sendable {
            case end, replacement, rekeying, goesOn
        }

        package let name: String
        package let id: UInt32
        package let course: Course
    }

    package let connection: String
    package let ikeSA: UInt32
    package let course: Course
    /// Those that have changed, where the IKE SA goes on.
    package var children: [Child] = []

    package init(connection: String, ikeSA: UInt32, course: Course) {
        self.connection = connection
        self.ikeSA = ikeSA
        self.course = course
    }

    /// A sentence for the IKE SA, and one for each of its CHILD SAs.
    package var sentences: [String] {
        let name = "IKE SA {\(ikeSA)}"
        switch course {
        case .end(let reason): return ["\(name) is deleted: \(reason)"]
        case .renewal:
            return ["\(name) is negotiated anew and stands until then, for \(IKESA.followLimit.wholeSeconds) s at most"]
        case .renewalByPeer:
            return [
                "the peer of \(name) is asked to authenticate again within \(IKESA.peersFollowLimit.wholeSeconds) s"
            ]
        case .goesOn:
            return ["\(name) goes on by the new settings"] + children.map(\.sentence)
        }
    }
}

extension FollowUp.Child {
    fileprivate var sentence: String {
        let name = "CHILD SA \(name){\(id)}"
        return switch course {
        case .end: "\(name) is deleted: it is not configured any more"
        case .replacement: "\(name) is replaced by one for the new settings"
        case .rekeying: "\(name) is rekeyed"
        case .goesOn: "\(name) goes on by the new settings"
        }
    }
}

extension IKESA {
    /// How long an SA may stand that is not as its connection is configured any more.
    static let followLimit: Duration = .seconds(300)
    /// The same where only the peer can begin what replaces it (AUTH_LIFETIME).
    static let peersFollowLimit: Duration = .seconds(60)
    /// The pause before a CHILD SA for new selectors is asked for again.
    static let replacementPause: Duration = .seconds(20)

    /// What follows from the configuration; nil: the SA is as that says, or does not stand.
    func followUp(_ policy: Policy) -> FollowUp? {
        guard case .established(let established) = state, !isLeaving else { return nil }
        let old = established.peer.connection
        func course(_ course: FollowUp.Course) -> FollowUp {
            FollowUp(connection: old.name, ikeSA: id, course: course)
        }
        guard let new = policy.connection(named: old.name) else {
            return course(.end(reason: Ending.notConfigured))
        }
        let changes = new.changes(since: old)
        guard !changes.isEmpty else { return nil }
        if new.excludes(path, since: old) {
            return course(
                .end(reason: "the connection is for other addresses now (\(changes.ends.joined(separator: ", ")))")
            )
        }
        guard new.remote.identity?.admits(established.peer.remoteIdentity) ?? true else {
            return course(.end(reason: "the connection is for another peer now (remote.id)"))
        }
        let mayBegin = mayBegin(old) && mayBegin(new)
        guard changes.agreed.isEmpty else { return course(mayBegin ? .renewal : .renewalByPeer) }
        var followUp = course(.goesOn)
        for entry in children where entry.state == .installed || entry.state == .rekeying {
            guard let child = entry.followUp(new) else { continue }
            // Who asks the gateway for addresses asks for its CHILD SAs, too.
            if child.course == .replacement, !mayBegin { return course(.renewalByPeer) }
            followUp.children.append(child)
        }
        return followUp
    }

    /// Whether we can negotiate an IKE SA to take the place of this one.
    private func mayBegin(_ connection: Connection) -> Bool {
        if origin?.role == .initiator { return true }
        return !(connection.namedRemotes.isEmpty && connection.hostNames.isEmpty) && !nat.isRemoteBehindNAT
            && connection.pools.isEmpty && connection.remote.kind.eap == nil
    }

    /// It is to be deleted before anything else is done.
    var isLeaving: Bool {
        pending.contains { exchange in
            guard case .deleteIKE = exchange else { return false }
            return true
        }
    }

    /// It will follow when what is under way has ended.
    var isToFollow: Bool {
        pending.contains { exchange in
            guard case .follow = exchange else { return false }
            return true
        }
    }

    func belongs(to lineages: Set<UInt32>) -> Bool { origin.map { lineages.contains($0.lineage) } ?? false }

    /// Nothing more should be begun on it.
    func isLeaving(_ policy: Policy) -> Bool {
        guard !isLeaving else { return true }
        guard isToFollow, case .end? = followUp(policy)?.course else { return false }
        return true
    }

    /// Becomes what the configuration says now. While no exchange is under way, so that no CHILD SA comes into being by the
    /// old settings meanwhile.
    func follow(_ turn: Turn) {
        guard let followUp = followUp(turn.policy) else {
            changeOrigin { $0.staleAt = nil }
            return
        }
        for sentence in followUp.sentences { log(.info, "the configuration has changed: \(sentence)", turn) }
        switch followUp.course {
        case .end(let reason): pending.append(.deleteIKE(reason: reason, nil))
        case .renewal, .renewalByPeer: authenticateAgain(turn)
        case .goesOn:
            if let connection = turn.policy.connection(named: followUp.connection) { adopt(connection, turn) }
        }
    }

    /// Has a new IKE SA take the place of this one: we begin it, or ask the peer to. One that does not come in time is not
    /// waited for.
    func authenticateAgain(_ turn: Turn) {
        guard case .established(let established) = state else { return }
        let former = established.peer.connection
        let connection = turn.policy.connection(named: former.name) ?? former
        guard mayBegin(former), mayBegin(connection) else {
            changeOrigin { $0.staleAt = turn.now + Self.peersFollowLimit }
            let seconds = UInt32(clamping: Self.peersFollowLimit.wholeSeconds)
            pending.append(.report(.authenticationLifetime(seconds)))
            return
        }
        changeOrigin {
            $0.renewAt = nil
            $0.staleAt = turn.now + Self.followLimit
        }
        for entry in children where connection.child(named: entry.policy.name) == nil {
            pending.append(.deleteChild(id: entry.childSA.id, nil))
        }
        renew(established, turn)
    }

    // MARK: - Going on

    /// Goes on by new settings that need no other IKE SA.
    private func adopt(_ connection: Connection, _ turn: Turn) {
        guard case .established(var established) = state else { return }
        let lifetime = connection.lifetime
        if established.peer.connection.lifetime != lifetime {
            established.rekeyAt = lifetime.rekeyDeadline(from: established.since, random: turn.random)
            established.expiresAt = lifetime.hard.map { established.since + $0 }
        }
        established.peer.connection = connection
        established.origin.staleAt = nil
        state = .established(established)
        for entry in children where entry.state == .installed {
            let id = entry.childSA.id
            let course = entry.followUp(connection)?.course
            if let policy = connection.child(named: entry.policy.name) { entry.policy = policy }
            switch course {
            case .end: pending.append(.deleteChild(id: id, nil))
            case .replacement:
                let limit = turn.now + Self.followLimit
                entry.childSA.expiresAt = min(entry.childSA.expiresAt ?? limit, limit)
                pending.append(.createChild(ChildRequest(policy: entry.policy, command: nil, replaces: id)))
            case .rekeying: pending.append(.rekeyChild(id: id, nil))
            case .goesOn, nil: break
            }
        }
    }

    /// The CHILD SA that was to take the place of another one is there.
    func concludeReplacement(_ request: ChildRequest, _ turn: Turn) {
        guard let id = request.replaces else { return }
        pending.append(.deleteChild(id: id, nil))
    }

    /// The peer refuses it: the old one goes on, and it is asked again, until the time of the old one is over.
    func replacementRefused(_ request: ChildRequest, _ turn: Turn) {
        guard let id = request.replaces, let entry = children.first(where: { $0.childSA.id == id }),
            let end = entry.childSA.expiresAt
        else { return }
        let again = turn.now + Self.replacementPause
        let seconds = (end - turn.now).wholeSeconds
        log(
            .warning,
            "CHILD SA \(entry.childSA.logName) goes on with its old selectors, for \(seconds) s at most; change the peer, too",
            turn
        )
        if again < end { postponed.append((again, .createChild(request))) }
    }

    /// Whether a CHILD SA that was to be replaced has been, by the peer or in another exchange.
    func isReplaced(_ request: ChildRequest) -> Bool {
        guard let id = request.replaces, let policy = request.policy else { return false }
        return children.contains { entry in
            entry.childSA.id != id && entry.state == .installed && entry.policy == policy
                && !entry.childSA.isOfOneResource
        }
    }

    // MARK: - Negotiations

    /// A negotiation of ours begins anew where its connection has changed, and ends where it is gone.
    func startOver(_ turn: Turn) {
        guard let initiation, !isEnding else { return }
        let former = initiation.connection
        let new = turn.policy.connection(named: former.name)
        guard new != former else { return }
        guard initiation.renews == nil, let new, !new.excludes(path, since: former),
            let again = initiation.following(new, turn)
        else {
            withdraw(
                because: NegotiationFailure(.closed, "the configuration of the connection has changed"),
                turn
            )
            return
        }
        log(.info, "the configuration has changed: beginning anew", turn)
        giveWay(turn)
        turn.restart(again)
    }
}

extension ChildEntry {
    /// What follows from the configuration for this CHILD SA; nil: nothing.
    fileprivate func followUp(_ connection: Connection) -> FollowUp.Child? {
        func course(_ course: FollowUp.Child.Course) -> FollowUp.Child {
            FollowUp.Child(name: policy.name, id: childSA.id, course: course)
        }
        guard let new = connection.child(named: policy.name) else { return course(.end) }
        let changes = new.changes(since: policy)
        // An SA of one resource goes with the fallback SA.
        if !changes.selectors.isEmpty { return childSA.isOfOneResource ? nil : course(.replacement) }
        if !changes.keyed.isEmpty { return course(.rekeying) }
        return changes.own.isEmpty ? nil : course(.goesOn)
    }
}

extension Initiation {
    /// The same by what is configured now; nil where nothing that is wanted is configured any more, which whoever waits
    /// learns.
    func following(_ connection: Connection, _ turn: Turn) -> Initiation? {
        var again = self
        again.connection = connection
        again.children = children.compactMap { request in
            guard let policy = request.policy else { return request }
            guard let new = connection.child(named: policy.name) else {
                turn.finish(
                    request.command,
                    NegotiationFailure(
                        .noSuchConnection,
                        "connection \(connection.name) has no child \(policy.name) any more"
                    )
                )
                return nil
            }
            var following = request
            following.policy = new
            return following
        }
        return again.children.isEmpty ? nil : again
    }
}

// MARK: - All of them

extension Endpoint {
    /// What `follow` will do to the SAs that stand, by the configuration as it is now.
    package func followUps(of connections: Set<String>) -> [FollowUp] {
        concerned(by: connections).compactMap { $0.followUp(policy) }
    }

    /// Has the SAs of these connections become what is configured now.
    func follow(_ connections: Set<String>, _ id: CommandID, _ turn: Turn) {
        ledger.begin(id, parts: 1)
        let concerned = concerned(by: connections)
        for sa in concerned where sa.initiation != nil {
            sa.startOver(turn)
            settle(sa, turn)
        }
        for (id, initiation) in lookUps where connections.contains(initiation.connection.name) {
            let connection = policy.connection(named: initiation.connection.name)
            lookUps[id] = connection.flatMap { initiation.following($0, turn) }
            if connection == nil { abandon(initiation, turn) }
        }
        let renewed = renewedLineages
        for sa in concerned where sa.isEstablished && !sa.isToFollow && !sa.belongs(to: renewed) {
            sa.enqueue(.follow, turn)
            settle(sa, turn)
        }
        turn.finish(id)
    }

    /// Of the SAs that others are about to take the place of.
    var renewedLineages: Set<UInt32> {
        Set(sas.values.compactMap { $0.initiation?.renews }).union(lookUps.values.compactMap { $0.renews })
    }

    private func concerned(by connections: Set<String>) -> [IKESA] {
        guard !connections.isEmpty else { return [] }
        return sas.values.filter { sa in sa.connection.map { connections.contains($0.name) } ?? false }.sorted {
            $0.id < $1.id
        }
    }

    /// Has a renewal that is under way take along what is wanted, rather than the SA that it replaces.
    func joinRenewal(of connection: String, _ request: ChildRequest) -> Bool {
        let renewal = sas.values.first { $0.initiation?.renews != nil && $0.connection?.name == connection }
        if let renewal { return renewal.join([request]) }
        let lookUp = lookUps.first { $0.value.renews != nil && $0.value.connection.name == connection }
        guard let id = lookUp?.key else { return false }
        var later = request
        later.isOnlyIfMissing = true
        lookUps[id]?.children.append(later)
        return true
    }
}
