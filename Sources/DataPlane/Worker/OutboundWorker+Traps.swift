import ESP
import Inet

// Packets of a trapped policy that no SA carries: ask for the SA, hold them, and let them go.

/// What a policy leads to.
enum OutboundTarget {
    case child(OutboundChild)
    case trap(Trap)
}

extension OutboundWorker {
    /// Holds a packet, and asks for an SA if nobody has asked yet.
    mutating func hold(_ bytes: UnsafeRawBufferPointer, _ inner: InnerPacket, _ trap: Trap) {
        // The kernel greets the neighbours on every device that comes up; that is no traffic for a tunnel.
        guard !inner.destination.isLinkScoped else {
            tallies.noPolicy.add()
            return
        }
        if trap.isReady(now) {
            trap.begin()
            events.post(Acquire(trap: trap.id, packet: inner))
        }
        guard case .acquiring = trap.state else {
            tallies.trapDrops.add()
            return
        }
        tallies.trapped.add()
        tallies.trapDrops.add(UInt64(held.hold(HeldPackets.Packet(trap: trap.id, bytes: Array(bytes)))))
    }

    /// Sends the held packets for which there is an SA now. Only while the device is read, since they go through its buffer.
    mutating func releaseHeld() {
        mayRelease = false
        var left: [HeldPackets.Packet] = []
        for packet in held.takeAll() {
            guard let (inner, child) = policies.carrier(of: packet) else {
                left.append(packet)
                continue
            }
            guard deviceBuffer.hasRoom, !isDevicePaused else {
                mayRelease = true
                left.append(packet)
                continue
            }
            traps[packet.trap]?.hasReleased = true
            let copy = packet.bytes.withUnsafeBytes { deviceBuffer.append($0) }
            send(copy, inner, child)
        }
        held.putBack(left)
    }

    /// The control plane says how a negotiation ended. Packets that the new SA does not admit get a negotiation of their own,
    /// unless this one has brought nothing at all: then the peer does not want them.
    mutating func conclude(_ trap: Trap, succeeded: Bool) {
        guard case .acquiring = trap.state else {
            // Another worker has asked, and its packets wait no longer.
            if !succeeded { trap.fail(now) }
            return
        }
        let policies = policies
        let waiting = held.packets(of: trap.id)
        let unserved = waiting.filter { policies.carrier(of: $0) == nil }
        let hasServed = trap.hasReleased || unserved.count < waiting.count
        if succeeded, let next = unserved.first, hasServed,
            let inner = next.bytes.withUnsafeBytes({ InnerPacket(parsing: $0.bytes) })
        {
            trap.begin()
            events.post(Acquire(trap: trap.id, packet: inner))
        } else if succeeded, unserved.isEmpty {
            trap.succeed()
        } else {
            trap.fail(now)
            let lost = held.drop(trap.id) { policies.carrier(of: $0) == nil }
            tallies.trapDrops.add(UInt64(lost))
        }
    }
}

extension PolicyTable where Target == OutboundTarget {
    /// The SA of a trapped policy that admits a packet. The closest policy is the trap, so the SA has wider selectors: the peer
    /// may have left out one of several that overlap.
    func child(of trap: TrapID, for packet: InnerPacket) -> OutboundChild? {
        let target = target(for: packet) { target in
            guard case .child(let child) = target else { return false }
            return child.trap == trap
        }
        guard case .child(let child)? = target else { return nil }
        return child
    }

    /// The SA that carries a held packet, if there is one now.
    fileprivate func carrier(of packet: HeldPackets.Packet) -> (InnerPacket, OutboundChild)? {
        guard let inner = packet.bytes.withUnsafeBytes({ InnerPacket(parsing: $0.bytes) }) else { return nil }
        switch target(for: inner) {
        case .child(let child): return (inner, child)
        case .trap(let trap): return child(of: trap.id, for: inner).map { (inner, $0) }
        case nil: return nil
        }
    }
}
