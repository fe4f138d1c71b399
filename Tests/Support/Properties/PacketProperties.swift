import IKECore
import IKEWire

/// No two ESP packets have the same key and sequence number (RFC 4303 section 3.3.3).
package final class SequenceNumbersAreUsedOnce: PacketProperty {
    private struct Use: Hashable {
        let key: KeyFingerprint
        let sequence: UInt64
    }

    package static let name = "sequence-once"
    private var uses: Set<Use> = []

    package init() {}

    package func observe(_ fate: PacketFate, in network: Network) -> String? {
        guard case .sealed(let packet, let host) = fate else { return nil }
        guard !uses.insert(Use(key: packet.key, sequence: packet.sequence)).inserted else { return nil }
        return "\(host.name) uses number \(packet.sequence) on SPI \(packet.spi) with a key that has used it already"
    }
}

/// A user packet reaches the host that it is meant for, and it reaches it once.
package final class PacketsAreDeliveredOnce: PacketProperty {
    package static let name = "delivered-once"
    private var delivered: Set<UserPacket> = []

    package init() {}

    package func observe(_ fate: PacketFate, in network: Network) -> String? {
        guard case .delivered(let packet, let host) = fate else { return nil }
        let content = packet.content
        guard network.flows[content.flow].receiver === host else {
            return "packet \(content.number) of flow \(content.flow) came to \(host.name), which it is not for"
        }
        guard !delivered.insert(content).inserted else { return nil }
        return "packet \(content.number) of flow \(content.flow) came to \(host.name) twice"
    }
}

/// While nothing but rekeying happens every user packet finds a CHILD SA, and the other side accepts on it.
///
/// It counts from the first packet of a flow that arrived: whoever answers IKE_AUTH may send before the answer is there.
package final class RekeyingLosesNoPacket: EngineProperty, PacketProperty {
    package static let name = "no-loss-while-rekeying"
    private var hasGivenUp = false

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        if case .event(.ikeClosed(_, let reason), _) = happening {
            // What follows is no rekeying any more; whether it may happen is for `RekeyingClosesNothing` to say.
            hasGivenUp = hasGivenUp || reason.saysThatThePeerIsSilent
        }
        return nil
    }

    package func observe(_ fate: PacketFate, in network: Network) -> String? {
        guard network.expectations.losesNoPacket, !hasGivenUp else { return nil }
        switch fate {
        case .lost(let packet, let reason) where network.flows[packet.content.flow].delivered > 0:
            return
                "packet \(packet.content.number) of flow \(packet.content.flow) is lost, SPI \(packet.spi): \(reason)"
        case .unsendable(let flow) where flow.delivered > 0:
            return "\(flow.sender.name) has no CHILD SA any more for \(flow.source) to \(flow.destination)"
        default: return nil
        }
    }
}

/// While nothing but rekeying happens no SA ends otherwise, unless the network lets a peer seem dead.
///
/// It counts from when both ends hold the IKE SA: until then IKE_SA_INIT, which nothing protects, may have arrived changed,
/// and the responder learns last that the initiator refused its AUTH. A peer may rightly seem dead if the network lost
/// anything since the request was sent first, though it may lose nothing any more when the patience ends.
package final class RekeyingClosesNothing: EngineProperty {
    package static let name = "rekeying-closes-nothing"
    private var hasGivenUp = false
    /// How many ends hold an IKE SA, by its initiator's SPI.
    private var holders: [IKESPI: Int] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard network.expectations.keepsEverySA, !hasGivenUp, case .event(let event, let host) = happening
        else {
            return nil
        }
        switch event {
        case .ikeEstablished(let sa): holders[sa.spiI, default: 0] += 1
        case .ikeRekeyed(_, let new): holders[new.spiI] = 2
        case .ikeClosed(let sa, let reason) where holders[sa.spiI] == 2:
            guard isExcused(reason, host, network) else { return "\(host.name): IKE SA {\(sa.id)} closed: \(reason)" }
            hasGivenUp = true
        case .childClosed(let child, let sa, let reason) where holders[sa.spiI] == 2:
            // Said before the IKE SA's own end.
            guard isExcused(reason, host, network) else {
                return "\(host.name): CHILD SA \(child.story) closed: \(reason)"
            }
        default: break
        }
        return nil
    }

    private func isExcused(_ reason: String, _ host: Host, _ network: Network) -> Bool {
        guard reason.saysThatThePeerIsSilent, let lastLoss = network.lastLoss else { return false }
        return lastLoss + host.settings.retransmission.patience >= network.now
    }
}

extension String {
    /// How the engine words it that a request was sent in vain to the last.
    fileprivate var saysThatThePeerIsSilent: Bool { contains("did not answer") }
}
