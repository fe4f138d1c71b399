package import IKECore
import IKEWire
import Inet

/// What happened in a run, as lines for a person: kept only when asked for, since a run can be repeated from its seed.
package final class Journal {
    private enum Entry {
        case note(String)
        case message(sender: String, Datagram, fate: String)
        case event(host: String, Event)
        case log(host: String, LogRecord)
    }

    package var isKept = false
    private var entries: [(at: Instant, entry: Entry)] = []
    private var reader = MessageReader()

    func note(_ at: Instant, _ text: @autoclosure () -> String) {
        if isKept { entries.append((at, .note(text()))) }
    }

    func note(_ at: Instant, _ sender: String, _ datagram: @autoclosure () -> Datagram, fate: @autoclosure () -> String)
    {
        if isKept { entries.append((at, .message(sender: sender, datagram(), fate: fate()))) }
    }

    func note(_ at: Instant, _ host: String, _ event: Event) {
        if isKept { entries.append((at, .event(host: host, event))) }
    }

    func note(_ at: Instant, _ host: String, _ record: LogRecord) {
        if isKept { entries.append((at, .log(host: host, record))) }
    }

    func learn(_ keys: KeyExport) {
        if isKept { reader.learn(keys) }
    }

    /// The last `limit` lines, each with its time, the payloads of messages named where their keys are known.
    package func lines(last limit: Int = .max) -> [String] {
        entries.suffix(limit).map { "\(Self.clock($0.at))  \(line($0.entry))" }
    }

    private func line(_ entry: Entry) -> String {
        switch entry {
        case .note(let text): "== \(text)"
        case .message(let sender, let datagram, let fate):
            "\(sender) -> \(datagram.remote)  \(reader.describe(datagram.bytes)) (\(fate))"
        case .event(let host, let event): "   \(host): \(event.story)"
        case .log(let host, let record):
            "   \(host): \(record.level) \(record.ikeSA.map { "{\($0)} " } ?? "")\(record.message)"
        }
    }

    /// Seconds since the beginning of time, to the millisecond.
    package static func clock(_ instant: Instant) -> String {
        let milliseconds = instant.nanoseconds / 1_000_000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}

extension Event {
    var story: String {
        switch self {
        case .ikeEstablished(let sa): "IKE SA {\(sa.id)} established"
        case .ikeFailed(let failed): "negotiation as \(failed.role.rawValue) failed: \(failed.failure.reason.rawValue)"
        case .childFailed(let failed): "CHILD SA \(failed.child ?? "") failed: \(failed.failure.reason.rawValue)"
        case .retransmitted: "a request was sent again"
        case .ikeRekeyed(let old, let new): "IKE SA {\(old.id)} rekeyed as {\(new.id)}"
        case .ikeClosed(let sa, let reason): "IKE SA {\(sa.id)} closed: \(reason)"
        case .ikeMoving(let sa, let path): "IKE SA {\(sa.id)} moves to \(path.local) === \(path.remote)"
        case .childEstablished(let child, _): "CHILD SA \(child.story) established"
        case .childRekeyed(let old, let new, _): "CHILD SA \(old.story) rekeyed as \(new.story)"
        case .childClosed(let child, _, let reason): "CHILD SA \(child.story) closed: \(reason)"
        case .childTrapped(let connection, let child): "child \(connection)/\(child) trapped"
        case .answered(let id, let time): "the peer answers command \(id.rawValue) after \(time)"
        case .traced(let message): "a message was \(message.direction.rawValue)"
        case .commandFinished(let id, .done(let count)): "command \(id.rawValue) done, \(count) SAs"
        case .commandFinished(let id, .failed(let failure)): "command \(id.rawValue) failed: \(failure.message)"
        }
    }
}

extension ChildSA {
    var story: String { "\(name){\(id)} \(inboundSPI) in, \(outboundSPI) out" }
}

extension Command {
    var story: String {
        switch self {
        case .initiate(let connection, let children, _, let remote): "initiate \(connection) (\(children)) to \(remote)"
        case .acquire(let connection, let child, let packet, _, let remote):
            "initiate \(connection)/\(child) to \(remote) for a packet \(packet.local) === \(packet.remote)"
        case .terminate(let references): "delete \(references.map(\.story))"
        case .reauthenticate(let references): "authenticate again \(references.map(\.story).joined(separator: ", "))"
        case .follow(let connections): "follow what is configured for \(connections.sorted().joined(separator: ", "))"
        case .ping(let reference): "ping \(reference.story)"
        case .rekey(let references): "rekey \(references.map(\.story))"
        case .shutDown: "shut down"
        }
    }
}

extension SAReference {
    fileprivate var story: String {
        switch self {
        case .ikeSA(let id): "IKE {\(id)}"
        case .childSA(let id): "CHILD {\(id)}"
        }
    }
}
