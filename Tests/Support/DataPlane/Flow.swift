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

    init(id: Int, sender: Host, receiver: Host, source: IPAddress, destination: IPAddress) {
        self.id = id
        self.sender = sender
        self.receiver = receiver
        self.source = source
        self.destination = destination
    }
}

extension Network {
    /// A flow between two inner addresses; packets go when `sendPacket` is called or at the pace of `start`.
    package func flow(from sender: Host, _ source: String, to receiver: Host, _ destination: String) -> Flow {
        guard let source = IPAddress(source), let destination = IPAddress(destination) else {
            preconditionFailure("not addresses: \(source), \(destination)")
        }
        let flow = Flow(id: flows.count, sender: sender, receiver: receiver, source: source, destination: destination)
        flows.append(flow)
        return flow
    }

    /// Sends a packet of `flow` each `interval` from now to `end`.
    package func start(_ flow: Flow, every interval: Duration, until end: Instant) {
        guard now <= end else { return }
        sendPacket(of: flow)
        at(now + interval) { $0.start(flow, every: interval, until: end) }
    }

    /// Sends the next packet of a flow, if its sender has a CHILD SA for it.
    package func sendPacket(of flow: Flow) {
        let content = UserPacket(flow: flow.id, number: flow.sent)
        guard
            let (packet, childSA) = flow.sender.dataPlane.seal(
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
        let parcel = Parcel(source: childSA.local, destination: childSA.remote, content: .esp(packet))
        dispatch(parcel, from: flow.sender, dataConditions, dataRandom)
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
