import DataPlane
import IKECore
import IKEWire
import Inet
import SwanConf
import VICI

// Children that packets bring up: set when they are loaded (`start_action = trap`), lost (`dpd_action`, `close_action`) or by
// command; and what happens when a packet comes.

extension Daemon {
    /// Traps what is to be trapped as long as its configuration is loaded, and lets go of what is not configured any more.
    ///
    /// - Parameter changed: connections that are new or whose configuration has changed.
    func renewTraps(_ changed: [String]) {
        let changed = Set(changed)
        for trap in traps.standing {
            guard let child = child(trap.name) else {
                removeTrap(trap.name)
                continue
            }
            guard changed.contains(trap.name.connection), !child.startAction.isTrapped else { continue }
            if trap.isConfigured { removeTrap(trap.name) } else { setTrap(trap.name, isConfigured: false) }
        }
        for connection in store.connections where changed.contains(connection.name) {
            for child in connection.children where child.startAction.isTrapped {
                setTrap(ChildName(connection: connection.name, child: child.name), isConfigured: true)
            }
        }
    }

    /// - Returns: why it could not be, which is logged, too; nil also while a host name is looked up first.
    @discardableResult
    func setTrap(_ name: ChildName, isConfigured: Bool) -> String? {
        guard let connection = store.connection(named: name.connection), let child = child(name) else {
            return refuseTrap(name, "it is not configured")
        }
        guard (child.localTrafficSelectors + child.remoteTrafficSelectors).contains(where: \.isDynamic) else {
            return setTrap(name, child, nil, isConfigured)
        }
        // The selectors of the policy are the addresses of the ends.
        var refusal: String?
        withAddresses(of: connection) { [weak self] addresses in
            guard let self, self.child(name) == child else { return }
            switch addresses {
            case .success(let addresses): refusal = setTrap(name, child, addresses, isConfigured)
            case .failure(let failure): refusal = refuseTrap(name, failure.message)
            }
        }
        return refusal
    }

    private func setTrap(
        _ name: ChildName,
        _ child: ChildConfiguration,
        _ addresses: PeerAddresses?,
        _ isConfigured: Bool
    ) -> String? {
        let trap = Traps.Trap(
            name: name,
            local: child.localTrafficSelectors.map { $0.resolved(address: addresses?.local.address ?? .anyV4) },
            remote: child.remoteTrafficSelectors.map { $0.resolved(address: addresses?.remote.address ?? .anyV4) },
            isConfigured: isConfigured
        )
        do {
            try tunnels.setTrap(name, local: trap.local, remote: trap.remote)
        } catch {
            return refuseTrap(name, "\(error)")
        }
        traps.set(trap)
        return nil
    }

    private func refuseTrap(_ name: ChildName, _ reason: String) -> String {
        let message = "child \(name.child) cannot be trapped: \(reason)"
        log(.error, message, connection: name.connection, .esp)
        raise(.installChildPolicyFailed, message, connection: name.connection)
        return message
    }

    private func child(_ name: ChildName) -> ChildConfiguration? {
        store.connection(named: name.connection)?.children.first { $0.name == name.child }
    }

    func removeTrap(_ name: ChildName) {
        guard traps.remove(name) else { return }
        for failure in tunnels.removeTrap(name) { log(.warning, failure, connection: name.connection, .esp) }
    }

    /// A packet wants a trapped child.
    func acquire(_ acquire: Acquire) {
        guard let name = tunnels.child(of: acquire.trap),
            let connection = store.connection(named: name.connection)
        else {
            tunnels.dataPlane.concludeAcquire(acquire.trap, succeeded: false)
            return
        }
        log(
            .info,
            "a packet \(acquire.local) === \(acquire.remote) wants CHILD SA \(name.child)",
            connection: name.connection,
            .esp
        )
        let id = commands.nextID()
        traps.began(id, for: name)
        begin(connection, id) { addresses in
            .acquire(
                connection: name.connection,
                child: name.child,
                PacketSelectors(local: acquire.local, remote: acquire.remote),
                local: addresses.local,
                remote: addresses.remote
            )
        }
    }

    /// Tells the trap whose packet began a negotiation how that ended.
    func concludeAcquire(_ id: CommandID, _ outcome: CommandOutcome) {
        guard let name = traps.ended(id) else { return }
        let hasSucceeded: Bool
        switch outcome {
        case .done: hasSucceeded = true
        case .failed(let failure):
            hasSucceeded = false
            log(
                .warning,
                "CHILD SA \(name.child), which a packet wanted, could not be had; what waited for it is dropped: "
                    + failure.message,
                connection: name.connection,
                .esp
            )
        }
        tunnels.dataPlane.concludeAcquire(tunnels.trapID(of: name), succeeded: hasSucceeded)
    }

    // MARK: - Commands

    func installTrap(_ message: VICIMessage) -> VICIMessage {
        guard let name = child(named: message) else {
            return .failure("there is no child '\(message["child"] ?? "")' in the configuration")
        }
        if traps.contains(name) { return .success }
        log(.info, "child \(name.child) is trapped, as asked", connection: name.connection, .esp)
        return setTrap(name, isConfigured: false).map { .failure($0) } ?? .success
    }

    func uninstallTrap(_ message: VICIMessage) -> VICIMessage {
        let matching = traps.standing.first { trap in
            trap.name.child == message["child"] && (message["ike"].map { $0 == trap.name.connection } ?? true)
        }
        guard let name = matching?.name else {
            return .failure("no policy of a child '\(message["child"] ?? "")' is trapped")
        }
        log(.info, "child \(name.child) is no longer trapped, as asked", connection: name.connection, .esp)
        removeTrap(name)
        return .success
    }

    func listPolicies(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        for trap in traps.standing where message.flag("trap") && message.admits(trap.name) {
            control.stream(client, "list-policy", trap.message)
        }
        control.reply(client, [:])
    }

    private func child(named message: VICIMessage) -> ChildName? {
        for connection in store.connections where message["ike"].map({ $0 == connection.name }) ?? true {
            for child in connection.children where child.name == message["child"] {
                return ChildName(connection: connection.name, child: child.name)
            }
        }
        return nil
    }
}

extension VICIMessage {
    fileprivate func admits(_ name: ChildName) -> Bool {
        (self["child"].map { $0 == name.child } ?? true) && (self["ike"].map { $0 == name.connection } ?? true)
    }
}

extension Traps.Trap {
    /// The event `list-policy`.
    fileprivate var message: VICIMessage {
        let section: VICIMessage = [
            "child": .text(name.child),
            "ike": .text(name.connection),
            "mode": "TUNNEL",
            "local-ts": .texts(local.map(\.description)),
            "remote-ts": .texts(remote.map(\.description)),
        ]
        return VICIMessage(entries: [VICIMessage.Entry(name.description, .section(section))])
    }
}
