import IKEWire

// Several CHILD SAs for the same traffic, one for each resource that sends (RFC 9611). A resource is here a thread of the data plane, and
// what several of them need not share is the sequence numbers of an SA.
//
//     SA, TSi, TSr, N(SA_RESOURCE_INFO)             -->
//                                                   <--   SA, TSi, TSr, N(SA_RESOURCE_INFO)       the fallback SA, for all
//     thread 1 has packets
//     SA, Ni, TSi, TSr, N(SA_RESOURCE_INFO) 1       -->
//                                                   <--   SA, Nr, TSi, TSr, N(SA_RESOURCE_INFO)   an SA of its own
//                                                   <--   N(TS_MAX_QUEUE)                         or no further one
//
// Both ends ask when a thread of theirs has packets. Both send on every SA, and each says for itself which of its threads does. Where the
// fallback SA is gone for good the others go as well, or threads without one would find none.

/// Who of this host sends on a CHILD SA that is one of several for its traffic.
package enum ChildResource: Hashable, Sendable {
    /// All that have none of their own: the fallback SA.
    case all
    /// The one of this number; nobody, where we have no such one because the peer has more of them.
    case one(UInt32)

    var number: UInt32? {
        guard case .one(let number) = self else { return nil }
        return number
    }

    /// What tells the peer; a number is for people only.
    var notify: Payload { Payload(.notify(.resourceInfo(number))) }
}

/// A further CHILD SA for what another one carries.
struct Companion: Hashable {
    /// The fallback SA.
    let of: UInt32
    let number: UInt32
}

extension ChildSA {
    package var isOfOneResource: Bool { resource?.number != nil }

    /// Whether both are of the several for the same traffic.
    func isBeside(_ other: ChildSA) -> Bool {
        resource != nil && other.resource != nil && name == other.name && localSelectors == other.localSelectors
            && remoteSelectors == other.remoteSelectors
    }
}

extension IKESA {
    // MARK: - We ask

    /// A resource of ours sends on the fallback SA; it is to have one of its own.
    func want(_ companion: Companion, _ turn: Turn) {
        guard let fallback = fallback(companion), !numbers(beside: fallback.childSA).contains(companion.number) else {
            return
        }
        enqueue(.createChild(ChildRequest(policy: fallback.policy, command: nil, companion: companion)), turn)
    }

    /// What another SA may be made beside.
    private func fallback(_ companion: Companion) -> ChildEntry? {
        guard isEstablished, !isLeaving else { return nil }
        return children.first { entry in
            entry.childSA.id == companion.of && entry.childSA.resource == .all && entry.state == .installed
                && !entry.takesNoMore && !isLeaving(entry)
        }
    }

    /// All are to be alike, so that the offer is that of the fallback SA with the selectors that it got (RFC 9611 section 4).
    func startCreate(_ companion: Companion, _ request: ChildRequest, _ turn: Turn) {
        guard let entry = fallback(companion) else { return }
        let spi = turn.spis.espSPI()
        let offer = ChildOffer(
            policy: entry.policy,
            spi: spi,
            proposals: Proposal.numbered(entry.policy.proposals, spi: spi.bytes),
            localSelectors: entry.childSA.localSelectors,
            remoteSelectors: entry.childSA.remoteSelectors,
            resource: .one(companion.number)
        )
        start(offer, rekeying: nil, turn, failed: { _ in }) { .createChild($0, request) }
    }

    /// The peer takes no further one: those that have none go on with the fallback SA, until that is rekeyed.
    func refused(_ companion: Companion, _ failure: NegotiationFailure, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == companion.of }) else { return }
        entry.takesNoMore = true
        let childSA = entry.childSA
        log(
            .info,
            "\(numbers(beside: childSA).count) SAs stand beside CHILD SA \(childSA.logName), and there will be no more for now: "
                + failure.message,
            turn
        )
    }

    /// One that the peer has narrowed does not stand for its fallback SA, nor does one whose fallback SA has gone meanwhile.
    func check(_ companion: Companion, _ childSA: ChildSA, _ turn: Turn) {
        let fallback = children.first { $0.childSA.id == companion.of }
        if let fallback, !fallback.childSA.isBeside(childSA) {
            let story =
                "for CHILD SA \(childSA.logName) the peer narrowed the selectors, and all of them should be alike"
            refused(companion, NegotiationFailure(.trafficSelectorsUnacceptable, story), turn)
        }
        deleteAbandonedCompanions()
    }

    // MARK: - The peer asks

    /// Who of ours sends on an SA that the peer asks for, since it replaces one, or is one more for the same traffic.
    func resource(of new: ChildSA, replacing old: UInt32?, _ turn: Turn) throws(NegotiationFailure) -> ChildResource? {
        if let old = children.first(where: { $0.childSA.id == old }) { return old.childSA.resource }
        guard new.resource != nil else { return nil }
        guard let fallback = children.last(where: { $0.childSA.resource == .all && $0.childSA.isBeside(new) }) else {
            // What the peer wants it beside may stand there already, and its answer be on the way.
            guard !isCreating(new.name) else {
                throw NegotiationFailure(
                    .temporaryFailure,
                    "the peer asks for a CHILD SA \(new.name) while we ask for it as well; it may try again",
                    notify: Notify(.temporaryFailure)
                )
            }
            return new.resource
        }
        guard !isLeaving(fallback) else {
            throw NegotiationFailure(
                .temporaryFailure,
                "the peer asks for an SA beside CHILD SA \(fallback.childSA.logName), which is being deleted",
                notify: Notify(.temporaryFailure)
            )
        }
        let taken = numbers(beside: fallback.childSA)
        guard taken.count < turn.settings.mostOfOneResource,
            let free = (0...UInt32.max).first(where: { !taken.contains($0) })
        else {
            throw NegotiationFailure(
                .enoughSAs,
                "the peer asks for a further SA beside CHILD SA \(fallback.childSA.logName), of which \(taken.count) stand, "
                    + "as many as may",
                notify: Notify(.tsMaxQueue)
            )
        }
        return .one(free)
    }

    /// What is sent on by one resource the peer had from us in an answer, and it may not be there yet. Once the peer uses it
    /// it is.
    func sendWhereThePeerDoes(_ usage: [UInt32: ChildUsage], _ turn: Turn) {
        for entry in children where entry.sendsAt != nil && entry.childSA.isOfOneResource {
            if usage[entry.childSA.id]?.packetsIn ?? 0 > 0 { switchOutbound(to: entry.childSA.id, turn) }
        }
    }

    // MARK: - Both

    /// The numbers that stand beside a fallback SA, or are asked for.
    private func numbers(beside fallback: ChildSA) -> Set<UInt32> {
        let standing = children.filter { $0.childSA.isBeside(fallback) }.compactMap { $0.childSA.resource?.number }
        let waiting = (pending + postponed.map(\.exchange)).compactMap(\.companion)
        let asked = established?.ongoing.companions ?? []
        return Set(standing + (waiting + asked).filter { $0.of == fallback.id }.map(\.number))
    }

    /// Whether the first CHILD SA of this name has been asked for.
    private func isCreating(_ name: String) -> Bool {
        established?.ongoing.all.contains { exchange in
            guard case .createChild(_, let request) = exchange else { return false }
            return request.companion == nil && request.policy?.name == name
        } ?? false
    }

    private func isLeaving(_ entry: ChildEntry) -> Bool {
        entry.state == .deleting
            || pending.contains { exchange in
                guard case .deleteChild(entry.childSA.id, _) = exchange else { return false }
                return true
            }
    }

    /// SAs of one resource are deleted where no fallback SA is left beside them.
    func deleteAbandonedCompanions() {
        guard isEstablished else { return }
        for entry in children where entry.childSA.isOfOneResource && entry.state == .installed && !isLeaving(entry) {
            let hasFallback = children.contains { $0.childSA.resource == .all && $0.childSA.isBeside(entry.childSA) }
            if !hasFallback { pending.append(.deleteChild(id: entry.childSA.id, nil)) }
        }
    }

    /// What the several SAs for the same traffic have carried together; of the fallback SA, or one that is alone. Nil for those
    /// of one resource.
    func commonUsage(of entry: ChildEntry, _ usage: [UInt32: ChildUsage]) -> ChildUsage? {
        guard entry.childSA.resource != nil else { return usage[entry.childSA.id] }
        let childSA = entry.childSA
        guard !childSA.isOfOneResource, var sum = usage[childSA.id] else { return nil }
        for entry in children where entry.childSA.id != childSA.id && entry.childSA.isBeside(childSA) {
            guard let used = usage[entry.childSA.id] else { continue }
            sum.packetsIn += used.packetsIn
            sum.packetsOut += used.packetsOut
        }
        return sum
    }
}

extension IKESA.PendingExchange {
    fileprivate var companion: Companion? {
        guard case .createChild(let request) = self else { return nil }
        return request.companion
    }
}

extension OngoingExchanges {
    fileprivate var companions: [Companion] {
        all.compactMap { exchange in
            guard case .createChild(_, let request) = exchange else { return nil }
            return request.companion
        }
    }
}
