import IKECore
import Inet
import VICI

extension Daemon {
    /// Tells clients of what the engine reports.
    func announce(_ event: Event) {
        metrics.count(event)
        history.note(event, now)
        radius?.note(event)
        hook(event)
        counters.count(event)
        if let alert = event.alert { raise(alert) }
        switch event {
        case .ikeEstablished(let sa):
            notifier.noteChange(now)
            control.broadcast("ike-updown") { .up(sa.message) }
        case .ikeClosed(let sa, _):
            notifier.noteChange(now)
            control.broadcast("ike-updown") { sa.message }
        case .ikeRekeyed(let old, let new):
            control.broadcast("ike-rekey") { .replacement(old.message, new.message) }
        case .childEstablished(let childSA, let sa):
            control.broadcast("child-updown") { .up(message(childSA, of: sa)) }
        case .childClosed(let childSA, let sa, _):
            control.broadcast("child-updown") { message(childSA, of: sa) }
        case .childRekeyed(let old, let new, let sa):
            control.broadcast("child-rekey") { .replacement(message(old, of: sa), message(new, of: sa)) }
        case .childTrapped(let connection, let child):
            let name = ChildName(connection: connection, child: child)
            if !traps.contains(name) { setTrap(name, isConfigured: false) }
        case .ikeMoving(let sa, let path):
            control.broadcast("ike-update") { .movement(sa.message, to: path) }
        case .ikeFailed, .childFailed, .retransmitted: break
        case .answered(let id, let time): answerPing(id, time)
        case .traced(let message): tell(message)
        case .commandFinished(let id, let outcome):
            answer(id, outcome)
        }
    }

    private func message(_ childSA: ChildSA, of sa: IKESASummary) -> VICIMessage {
        let summary = sa.children.first { $0.childSA.id == childSA.id }
        return sa.message(children: summary.map { [$0] }) { tunnels.traffic(of: $0, now: now) }
    }
}

extension VICIMessage {
    fileprivate static func up(_ sa: VICIMessage) -> VICIMessage {
        var message: VICIMessage = ["up": "yes"]
        message.append(contentsOf: sa)
        return message
    }

    /// Where the SA goes, and as it was before.
    fileprivate static func movement(_ sa: VICIMessage, to path: Path) -> VICIMessage {
        var message: VICIMessage = [
            "local-host": .text(path.local.address.description), "local-port": .number(path.local.port),
            "remote-host": .text(path.remote.address.description), "remote-port": .number(path.remote.port),
        ]
        message.append(contentsOf: sa)
        return message
    }

    fileprivate static func replacement(_ old: VICIMessage, _ new: VICIMessage) -> VICIMessage {
        guard let before = old.entries.first?.element, let after = new.entries.first else { return [:] }
        return [after.name: ["old": before, "new": after.element]]
    }
}

extension LogRecord {
    /// The event `log` or `control-log`.
    func message(name: String) -> VICIMessage {
        var message: VICIMessage = [
            "group": .text(subsystem.rawValue.uppercased()), "level": .number(level.viciLevel),
        ]
        if let connection { message.append("ikesa-name", .text(connection)) }
        if let ikeSA { message.append("ikesa-uniqueid", .number(ikeSA)) }
        if let peer {
            message.append("remote-host", .text(peer.address.description))
            message.append("remote-port", .number(peer.port))
        }
        message.append("msg", .text(self.message.singleLine))
        return message
    }
}
