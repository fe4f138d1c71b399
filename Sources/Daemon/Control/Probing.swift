import IKECore
import Inet
import VICI

// The command `ping`: a protected round trip to the peer.

extension Daemon {
    func ping(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let established = summaries(message).filter { sa in
            sa.state == .established || sa.state == .rekeying
        }
        guard message["ike"] != nil || message["ike-id"] != nil, let sa = established.last else {
            control.reply(client, .failure("no IKE SA stands"))
            return
        }
        let id = commands.nextID()
        commands.wait(id, message.waiting(client, .ping(sa), now: now))
        feed(.command(.ping(.ikeSA(id: sa.id)), id))
    }

    /// The answer of the peer is there.
    func answerPing(_ id: CommandID, _ time: Duration) {
        guard let waiting = commands.take(id), case .ping(let sa) = waiting.kind else { return }
        var answer = VICIMessage.success
        answer.append("round-trip", .number(time.wholeMicroseconds))
        if let name = sa.connection { answer.append("ikesa-name", .text(name)) }
        answer.append("ikesa-uniqueid", .number(sa.id))
        answer.append("remote-host", .text(sa.remote.address.description))
        answer.append("remote-port", .number(sa.remote.port))
        control.reply(waiting.client, answer)
    }
}

extension Duration {
    fileprivate var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
    }
}
