package import IKECore
package import Inet

/// Numbered user packets from one host to another.
package final class Flow {
    package let id: Int
    package let sender: Host
    package let receiver: Host
    /// The inner addresses, by which the sender finds the CHILD SA.
    package let source: IPAddress
    package let destination: IPAddress
    package internal(set) var sent = 0
    package internal(set) var delivered = 0
    /// The longest pause between two packets, and the one before the next.
    var longestPause = Duration.zero
    var pause = Duration.zero
    /// When the next packet goes; nil: none does.
    var due: Instant?
    var end = Instant(nanoseconds: 0)

    init(id: Int, sender: Host, receiver: Host, source: IPAddress, destination: IPAddress) {
        self.id = id
        self.sender = sender
        self.receiver = receiver
        self.source = source
        self.destination = destination
    }
}

extension Network {
    /// A flow between two inner addresses; packets go when `sendPacket` is called or as `start` says.
    package func flow(from sender: Host, _ source: String, to receiver: Host, _ destination: String) -> Flow {
        guard let source = IPAddress(source), let destination = IPAddress(destination) else {
            preconditionFailure("not addresses: \(source), \(destination)")
        }
        let flow = Flow(id: flows.count, sender: sender, receiver: receiver, source: source, destination: destination)
        flows.append(flow)
        return flow
    }

    /// Sends packets of `flow` from now to `end`: one each `interval`, and more of them right after a change of the data
    /// plane for them at either end, since it is then that packets get lost. The pauses begin short and grow up to the interval.
    package func start(_ flow: Flow, every interval: Duration, until end: Instant) {
        flow.longestPause = interval
        flow.pause = interval
        flow.end = end
        schedule(flow, after: .zero)
    }

    /// What a CHILD SA carries goes otherwise from now on at one of its hosts.
    func quicken(flowsOf host: Host, on childSA: ChildSA) {
        for flow in flows where flow.due != nil {
            guard
                flow.sender === host && childSA.carries(flow.source, flow.destination)
                    || flow.receiver === host && childSA.carries(flow.destination, flow.source)
            else { continue }
            flow.pause = Self.shortestPause
            schedule(flow, after: Self.shortestPause)
        }
    }

    private func schedule(_ flow: Flow, after pause: Duration) {
        let due = now + pause
        guard flow.due != due else { return }
        flow.due = due <= flow.end ? due : nil
        if flow.due != nil { schedule(flow, due: due) }
    }

    func proceed(_ flow: Flow, _ due: Instant) {
        // Another time has been set since.
        guard flow.due == due else { return }
        sendPacket(of: flow)
        schedule(flow, after: flow.pause)
        flow.pause = min(flow.pause * 3, flow.longestPause)
    }

    private static let shortestPause: Duration = .milliseconds(5)

    /// Sends the next packet of a flow, if its sender has a CHILD SA for it.
    package func sendPacket(of flow: Flow) {
        let content = UserPacket(flow: flow.id, number: flow.sent)
        guard
            let (packet, path) = flow.sender.dataPlane.seal(
                content,
                from: flow.source,
                to: flow.destination,
                now: now
            )
        else {
            observe(.unsendable(flow))
            return
        }
        flow.sent += 1
        observe(.sealed(packet, flow.sender))
        let parcel = Parcel(source: path.local, destination: path.remote, content: .esp(packet))
        dispatch(parcel, from: flow.sender, dataConditions, dataRandom)
        for wish in flow.sender.dataPlane.takeWishes() { feed(flow.sender, wish) }
    }

    /// A packet arrived at a host.
    func receive(_ packet: ESPPacket, at host: Host, from arrival: Path) {
        let (verdict, stray) = host.dataPlane.open(packet, from: arrival, now: now)
        switch verdict {
        case .accepted:
            observe(.delivered(packet, host))
            if flows.indices.contains(packet.content.flow) { flows[packet.content.flow].delivered += 1 }
            reportUsage(of: host)
            if let stray { feed(host, .childArrival(id: stray.id, stray.1)) }
        case .replayed:
            break
        case .unknownSPI, .wrongKey:
            journal.note(now, "\(host.name) drops ESP \(packet.spi) number \(packet.sequence): \(verdict.rawValue)")
            observe(.lost(packet, "\(host.name): \(verdict.rawValue)"))
        }
    }

    /// Tells the engine now and then what came in, as a daemon does.
    private func reportUsage(of host: Host) {
        guard host.usageReported + Self.usageInterval <= now else { return }
        host.usageReported = now
        feed(host, .childUsage(host.dataPlane.usage))
    }

    private static let usageInterval: Duration = .seconds(5)
}
