package import IKECore
import IKEWire
import Inet

/// A host's data plane: seals user packets with the newest outbound CHILD SA, opens what arrives on inbound ones.
package final class DataPlane {
    /// What became of a packet that arrived.
    package enum Verdict: String {
        case accepted
        case unknownSPI = "no CHILD SA has its SPI"
        case wrongKey = "it does not open with our key"
        case replayed = "its sequence number was seen before"
    }

    package private(set) var sas: [InstalledSA] = []
    /// Counts the changes to `sas`, so that what was looked at once need not be looked at again.
    package private(set) var generation = 0
    /// What is broken on purpose.
    package var faults: Set<DataPlaneFault> = []
    private var newestRank = 0
    /// How many threads send; each has flows of its own.
    package var workers = 1
    private var wishes: [Input] = []

    /// Every user packet has as many octets.
    private static let packetLength: UInt64 = 100
    /// More than there are installations.
    private static let precedenceOfOwn = 1 << 32

    // MARK: - What the engine says

    func apply(_ output: Output) {
        switch output {
        case .installInbound(let childSA): installInbound(childSA)
        case .installOutbound(let childSA): installOutbound(childSA)
        case .updateChild(let childSA): update(childSA)
        case .removeOutbound(let childSA): change(childSA) { $0.outboundRank = nil }
        case .removeChild(let childSA): remove(childSA)
        case .send, .sendKeepalive, .lookUp, .addAddress, .removeAddress, .askServer, .endConversation, .inquire,
            .fetch,
            .event,
            .log, .keys:
            break
        }
    }

    /// Forgets everything, as a host does that starts anew.
    func clear() {
        sas = []
        generation += 1
    }

    private func installInbound(_ childSA: ChildSA) {
        change(childSA) { $0.acceptsInbound = true }
        if faults.contains(.sendsTooEarly) { installOutbound(childSA) }
    }

    private func installOutbound(_ childSA: ChildSA) {
        let older = sas.filter {
            $0.outboundRank != nil && $0.id != childSA.id && $0.childSA.carriesTheSame(as: childSA)
        }
        if faults.contains(.keepsSendingOnTheOldSA), !older.isEmpty { return }
        newestRank += 1
        change(childSA) { $0.outboundRank = newestRank }
        if faults.contains(.stopsAcceptingTooEarly) {
            for sa in older { change(sa.childSA) { $0.acceptsInbound = false } }
        }
    }

    private func remove(_ childSA: ChildSA) {
        if faults.contains(.neverRemoves) { return }
        sas.removeAll { $0.id == childSA.id }
        generation += 1
    }

    private func update(_ childSA: ChildSA) {
        guard let index = sas.firstIndex(where: { $0.id == childSA.id }) else { return }
        sas[index].childSA = childSA
        generation += 1
    }

    private func change(_ childSA: ChildSA, _ body: (inout InstalledSA) -> Void) {
        generation += 1
        if let index = sas.firstIndex(where: { $0.id == childSA.id }) {
            body(&sas[index])
            return
        }
        var sa = InstalledSA(childSA)
        if faults.contains(.swapsKeys) { swap(&sa.inboundKey, &sa.outboundKey) }
        if faults.contains(.usesOneKeyForAll) { sa.outboundKey = KeyFingerprint() }
        body(&sa)
        sas.append(sa)
    }

    // MARK: - Packets

    /// What threads that sent on an SA for all ask of the engine since the last call.
    func takeWishes() -> [Input] {
        defer { wishes = [] }
        return wishes
    }

    /// Seals a user packet with the newest SA that carries it, the thread's own ones first, or nil where there is none.
    func seal(
        _ content: UserPacket,
        from source: IPAddress,
        to destination: IPAddress,
        now: Instant
    ) -> (ESPPacket, Path)? {
        let worker = UInt32(content.flow % workers)
        var newest: (rank: Int, index: Int)?
        for index in sas.indices {
            guard var rank = sas[index].outboundRank, sas[index].childSA.carries(source, destination) else { continue }
            if case .one(let number) = sas[index].childSA.resource {
                guard number == worker else { continue }
                rank += Self.precedenceOfOwn
            }
            if rank > newest?.rank ?? 0 { newest = (rank, index) }
        }
        guard let index = newest?.index else { return nil }
        if workers > 1, sas[index].childSA.resource == .all {
            wishes.append(.resourceWanted(childSA: sas[index].id, number: worker))
        }
        let sequence = sas[index].nextSequence
        let isCounted = !faults.contains(.repeatsSequenceNumbers) || !sequence.isMultiple(of: 8)
        sas[index].nextSequence += 1
        sas[index].usage.lastOutbound = now
        sas[index].usage.packetsOut += 1
        sas[index].usage.octetsOut += Self.packetLength
        let packet = ESPPacket(
            spi: sas[index].childSA.outboundSPI,
            sequence: isCounted ? sequence : sequence - 1,
            key: sas[index].outboundKey,
            content: content,
            usesUDP: sas[index].childSA.usesUDP
        )
        return (packet, sas[index].path)
    }

    /// `stray` is the path that a packet came along if its SA has another one and no packet before it was newer.
    func open(_ packet: ESPPacket, from arrival: Path, now: Instant) -> (verdict: Verdict, stray: (id: UInt32, Path)?) {
        guard let index = sas.firstIndex(where: { $0.acceptsInbound && $0.childSA.inboundSPI == packet.spi }) else {
            return (.unknownSPI, nil)
        }
        guard sas[index].inboundKey == packet.key else { return (.wrongKey, nil) }
        guard sas[index].seen.insert(packet.sequence).inserted || faults.contains(.deliversReplays) else {
            return (.replayed, nil)
        }
        let isNewest = packet.sequence > sas[index].highest
        sas[index].highest = max(sas[index].highest, packet.sequence)
        sas[index].usage.lastInbound = now
        sas[index].usage.packetsIn += 1
        sas[index].usage.octetsIn += Self.packetLength
        let isStray = isNewest && packet.usesUDP && arrival != sas[index].path
        return (.accepted, isStray ? (sas[index].id, arrival) : nil)
    }

    /// What the CHILD SAs that have carried anything have carried, by their ids.
    package var usage: [UInt32: ChildUsage] {
        var usage: [UInt32: ChildUsage] = [:]
        for sa in sas where sa.usage.lastInbound != nil || sa.usage.lastOutbound != nil { usage[sa.id] = sa.usage }
        return usage
    }
}

/// A way in which a data plane may be broken, for tests that show that somebody notices.
package enum DataPlaneFault: String, CaseIterable, Sendable {
    /// Ignores a newer outbound SA.
    case keepsSendingOnTheOldSA
    /// Sends on a new SA before the engine says that the peer accepts on it.
    case sendsTooEarly
    /// Accepts nothing on the old SA once it sends on the new one.
    case stopsAcceptingTooEarly
    /// Keeps SAs that the engine removed.
    case neverRemoves
    /// Mistakes one direction's keys for the other's.
    case swapsKeys
    /// Sends everything with one key.
    case usesOneKeyForAll
    /// Some numbers are used a second time.
    case repeatsSequenceNumbers
    /// Accepts what it has accepted before.
    case deliversReplays
}

extension ChildSA {
    /// Whether the selectors cover a packet between these inner addresses.
    func carries(_ source: IPAddress, _ destination: IPAddress) -> Bool {
        localSelectors.contains { $0.addresses.contains(source) }
            && remoteSelectors.contains { $0.addresses.contains(destination) }
    }

    func carriesTheSame(as other: ChildSA) -> Bool {
        localSelectors == other.localSelectors && remoteSelectors == other.remoteSelectors
    }
}
