import Inet

// What a configuration that was read again says of SAs that stand: some settings the peer has agreed to, others are ours
// alone. How the SAs follow stands in `SA/Following`.

/// In which settings a connection differs from what it was, by what that means for an IKE SA that stands.
package struct ConnectionChanges: Hashable, Sendable {
    /// Where the ends may be.
    package var ends: [String] = []
    /// What the peer has agreed to, so that an SA which was made by the old settings has to be negotiated anew.
    package var agreed: [String] = []
    /// What is ours alone, so that an SA goes on by the new settings.
    package var own: [String] = []
    /// By the names of children that both have; those without a change are left out.
    package var children: [String: ChildChanges] = [:]
    /// Children that only one of both has.
    package var addedChildren: [String] = []
    package var removedChildren: [String] = []

    package var isEmpty: Bool { self == ConnectionChanges() }

    /// The settings as a person looks for them in the file.
    package var settings: [String] {
        ends + agreed + own
            + children.sorted { $0.key < $1.key }.flatMap { name, changes in
                changes.settings.map { "children.\(name).\($0)" }
            }
            + (addedChildren + removedChildren).map { "children.\($0)" }
    }
}

/// In which settings a child differs from what it was.
package struct ChildChanges: Hashable, Sendable {
    /// What the CHILD SA may carry, and whether it is one of several: another one has to take its place.
    package var selectors: [String] = []
    /// What rekeying brings about.
    package var keyed: [String] = []
    /// What holds from now on without any exchange.
    package var own: [String] = []

    package var isEmpty: Bool { self == ChildChanges() }
    var settings: [String] { selectors + keyed + own }
}

/// A setting, or several that belong together, of a configuration `Value`.
private struct Setting<Value: Equatable>: Sendable {
    let name: String
    let take: @Sendable (inout Value, Value) -> Void

    init(_ name: String, _ take: @escaping @Sendable (inout Value, Value) -> Void) {
        self.name = name
        self.take = take
    }
}

extension Array {
    /// The names of the settings that make a difference; `old` takes them over.
    fileprivate func carry<Value>(_ old: inout Value, to new: Value) -> [String] where Element == Setting<Value> {
        filter { setting in
            let before = old
            setting.take(&old, new)
            return old != before
        }.map(\.name)
    }
}

extension Connection {
    private static let ends: [Setting<Connection>] = [
        Setting("local_addrs") { $0.localAddresses = $1.localAddresses },
        Setting("remote_addrs") { $0.remoteAddresses = $1.remoteAddresses },
        Setting("local_addrs, remote_addrs") { $0.hostNames = $1.hostNames },
        Setting("local_port, remote_port") { ($0.localPort, $0.remotePort) = ($1.localPort, $1.remotePort) },
    ]

    private static let agreed: [Setting<Connection>] = [
        Setting("proposals") { $0.proposals = $1.proposals },
        Setting("local") { $0.local = $1.local },
        Setting("remote") { $0.remote = $1.remote },
        Setting("reauth_time") { $0.reauthentication = $1.reauthentication },
        Setting("encap") { $0.forcesEncapsulation = $1.forcesEncapsulation },
        Setting("fragmentation") { $0.acceptsFragments = $1.acceptsFragments },
        Setting("mobike") { $0.isMobile = $1.isMobile },
        Setting("vips") { $0.virtualAddresses = $1.virtualAddresses },
        Setting("pools") { $0.pools = $1.pools },
    ]

    private static let own: [Setting<Connection>] = [
        Setting("rekey_time") { $0.lifetime = $1.lifetime },
        Setting("dpd_delay") { $0.livenessDelay = $1.livenessDelay },
        Setting("unique") { $0.uniqueness = $1.uniqueness },
        Setting("keyingtries") { $0.keyingTries = $1.keyingTries },
        Setting("fragmentation") {
            ($0.sendsFragments, $0.forcesFragments) = ($1.sendsFragments, $1.forcesFragments)
        },
        Setting("send_cert") { $0.certificateSending = $1.certificateSending },
        Setting("send_certreq") { $0.asksForCertificate = $1.asksForCertificate },
    ]

    /// What has changed since the connection was `old`. What is not named here counts as agreed with the peer.
    package func changes(since old: Connection) -> ConnectionChanges {
        guard self != old else { return ConnectionChanges() }
        var (known, changes) = (old, ConnectionChanges())
        known.children = children
        changes.ends = Self.ends.carry(&known, to: self)
        changes.agreed = Self.agreed.carry(&known, to: self)
        changes.own = Self.own.carry(&known, to: self)
        if known != self { changes.agreed.append("other settings") }
        for child in children {
            if let former = old.child(named: child.name) {
                let difference = child.changes(since: former)
                if !difference.isEmpty { changes.children[child.name] = difference }
            } else {
                changes.addedChildren.append(child.name)
            }
        }
        changes.removedChildren = old.children.map(\.name).filter { child(named: $0) == nil }
        return changes
    }

    /// Whether an SA along `path`, made when the connection was `old`, has ends that it is not for any more.
    func excludes(_ path: Path, since old: Connection) -> Bool {
        if hostNames != old.hostNames || localPort != old.localPort || remotePort != old.remotePort { return true }
        guard localAddresses != old.localAddresses || remoteAddresses != old.remoteAddresses else { return false }
        return AddressPattern.bestMatch(of: localAddresses, for: path.local.address) == nil
            || AddressPattern.bestMatch(of: remoteAddresses, for: path.remote.address) == nil
    }
}

extension ChildPolicy {
    private static let selectors: [Setting<ChildPolicy>] = [
        Setting("local_ts") { $0.localSelectors = $1.localSelectors },
        Setting("remote_ts") { $0.remoteSelectors = $1.remoteSelectors },
        Setting("per_cpu_sas") { $0.isPerResource = $1.isPerResource },
    ]

    private static let own: [Setting<ChildPolicy>] = [
        Setting("start_action") { $0.isStarted = $1.isStarted },
        Setting("dpd_action") { $0.actionOnDeadPeer = $1.actionOnDeadPeer },
        Setting("close_action") { $0.actionOnClose = $1.actionOnClose },
    ]

    private static let keyed: [Setting<ChildPolicy>] = [
        Setting("esp_proposals") { $0.proposals = $1.proposals },
        Setting("rekey_time, life_time") { $0.lifetime = $1.lifetime },
        Setting("rekey_bytes, life_bytes") { $0.octetLimit = $1.octetLimit },
        Setting("rekey_packets, life_packets") { $0.packetLimit = $1.packetLimit },
        Setting("replay_window, copy_df, copy_ecn, copy_dscp") { $0.options = $1.options },
    ]

    /// What has changed since the child was `old`. What is not named here counts as brought about by rekeying.
    package func changes(since old: ChildPolicy) -> ChildChanges {
        var (known, changes) = (old, ChildChanges())
        changes.selectors = Self.selectors.carry(&known, to: self)
        changes.own = Self.own.carry(&known, to: self)
        changes.keyed = Self.keyed.carry(&known, to: self)
        if known != self { changes.keyed.append("other settings") }
        return changes
    }
}
