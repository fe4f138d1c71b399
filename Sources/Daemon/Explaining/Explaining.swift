import IKECore
import IKEWire
import Inet
import SwanConf
import VICI

// The command `explain`: why a connection is not up, or what went wrong lately.

extension Daemon {
    func explain(_ message: VICIMessage) -> VICIMessage {
        guard let name = message["ike"] else {
            return .explanation(history.all.prefix(Self.mostExplained).map { explained($0) })
        }
        guard store.connection(named: name) != nil else { return .failure("there is no connection '\(name)'") }
        let record = history.record(of: name)
        // Strangers may have meant this connection.
        let strangers = history.strangers.filter { entry in
            endpoint.candidates(local: entry.what.local.address, remote: entry.what.remote.address).contains(name)
        }
        let failures = (record.failures.values + strangers).sorted { $0.at > $1.at }
        var answer = VICIMessage.explanation(failures.prefix(Self.mostExplained).map { explained($0, for: name) })
        if let closed = record.closed {
            answer.append("closed", ["ago": .number((now - closed.at).wholeSeconds), "reason": .text(closed.reason)])
        }
        let tries = [endpoint.nextTry(of: name), nextPostponed(of: name)].compactMap { $0 }
        if let next = tries.min(by: { $0.at < $1.at }) {
            answer.append(
                "next-try",
                ["in": .number(max(0, (next.at - now).wholeSeconds)), "number": .number(next.number)]
            )
        }
        return answer
    }

    /// An answer must fit a packet.
    private static let mostExplained = 32

    private func explained(_ entry: NegotiationHistory.Entry, for name: String? = nil) -> VICIMessage {
        let likeliest =
            entry.what.connection ?? name
            ?? endpoint.candidates(local: entry.what.local.address, remote: entry.what.remote.address).first
        let connection = likeliest.flatMap { store.connection(named: $0) }
        return entry.message(connection, ago: now - entry.at)
    }
}

extension NegotiationHistory.Entry {
    /// - Parameter connection: that of the failure, or the likeliest one for its peer.
    func message(_ connection: ConnectionConfiguration?, ago: Duration) -> VICIMessage {
        let failure = what.failure
        var section: VICIMessage = [
            "ago": .number(ago.wholeSeconds), "count": .number(count), "role": .text(what.role.rawValue),
        ]
        section["connection"] = what.connection
        section["child"] = what.child
        if what.remote.port != 0 {
            section.append("local-host", .text(what.local.address.description))
            section.append("local-port", .number(what.local.port))
            section.append("remote-host", .text(what.remote.address.description))
            section.append("remote-port", .number(what.remote.port))
        }
        section.append("reason", .text(failure.reason.rawValue))
        section.append("msg", .text(failure.message.singleLine))
        if [.noProposalChosen, .invalidKeyExchange].contains(failure.reason) {
            section.append("configured", .texts(configured(connection).map(\.description)))
            if !failure.offered.isEmpty { section.append("offered", .texts(failure.offered.map(\.description))) }
        }
        if let advice = Advice(what, connection) {
            section.append("setting", .text(advice.setting))
            section.append("advice", .text(advice.text.singleLine))
        }
        return section
    }

    private func configured(_ connection: ConnectionConfiguration?) -> [Proposal] {
        guard let child = what.child else { return connection?.proposals ?? [] }
        return connection?.children.filter { child.isEmpty || $0.name == child }.flatMap(\.espProposals) ?? []
    }
}

extension VICIMessage {
    /// The failures as sections that are numbered from 1, the latest first.
    fileprivate static func explanation(_ failures: [VICIMessage]) -> VICIMessage {
        let entries = failures.enumerated().map { Entry(String($0.offset + 1), .section($0.element)) }
        return ["success": "yes", "failures": .section(VICIMessage(entries: entries))]
    }
}
