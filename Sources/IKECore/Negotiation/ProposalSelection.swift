import IKEWire

/// Finds the proposal that both sides accept (RFC 7296 sections 2.7 and 3.3.6).
enum ProposalSelection {
    /// The responder's choice: our first proposal that has a common member with some offered one in every transform
    /// type; within a type, our first algorithm that was offered. It carries the number and SPI that were offered.
    static func select(offered: [Proposal], configured: [Proposal]) -> Proposal? {
        for ours in configured {
            for theirs in offered where theirs.protocolID == ours.protocolID {
                if let transforms = commonTransforms(offered: theirs, configured: ours) {
                    return Proposal(
                        number: theirs.number,
                        protocolID: theirs.protocolID,
                        spi: theirs.spi,
                        transforms: transforms
                    )
                }
            }
        }
        return nil
    }

    /// Whether an answer is what RFC 7296 section 3.3 allows the responder to make of our offer: one proposal, with
    /// the number of ours, and one transform of each type, each of which we offered.
    static func isAcceptable(_ answer: [Proposal], offered: [Proposal]) -> Bool {
        guard answer.count == 1, let chosen = answer.first,
            let ours = offered.first(where: { $0.number == chosen.number && $0.protocolID == chosen.protocolID })
        else { return false }
        let types = transformTypes(chosen)
        guard types.count == chosen.transforms.count else { return false }
        let areAllOffered = chosen.transforms.allSatisfy { transform in
            ours.transforms.contains { $0.isSameAlgorithm(as: transform) }
        }
        let isComplete = transformTypes(ours).subtracting(types).allSatisfy { isOptional($0, in: ours) }
        return areAllOffered && isComplete
    }

    /// The first transform type in which the closest pair of proposals has no common member, in words.
    static func explainMismatch(offered: [Proposal], configured: [Proposal]) -> String {
        let lists =
            "the peer offers \(list(offered)), configured is \(list(configured))"
        let pairs = configured.flatMap { ours in
            offered.filter { $0.protocolID == ours.protocolID }
                .map { (ours: ours, types: mismatches(offered: $0, configured: ours), theirs: $0) }
        }
        guard let closest = pairs.min(by: { $0.types.count < $1.types.count }), let type = closest.types.first else {
            return lists
        }
        let theirs = names(closest.theirs.transforms(of: type))
        let ours = names(closest.ours.transforms(of: type))
        return "\(lists); the closest pair differs in \(type): the peer has \(theirs), we have \(ours)"
    }

    static func list(_ proposals: [Proposal]) -> String {
        proposals.isEmpty ? "nothing" : proposals.map(\.description).joined(separator: ", ")
    }

    // MARK: - One pair

    private static func commonTransforms(offered: Proposal, configured: Proposal) -> [Transform]? {
        guard mismatches(offered: offered, configured: configured).isEmpty else { return nil }
        return orderedTypes(configured).compactMap { type in
            configured.transforms(of: type).first { ours in
                offered.transforms(of: type).contains { $0.isSameAlgorithm(as: ours) }
            }
        }
    }

    /// The transform types in which two proposals cannot agree.
    private static func mismatches(offered: Proposal, configured: Proposal) -> [TransformType] {
        let ours = orderedTypes(configured)
        let theirs = orderedTypes(offered).filter { !ours.contains($0) }
        let differing = ours.filter { type in
            let candidates = offered.transforms(of: type)
            if candidates.isEmpty { return !isOptional(type, in: configured) }
            return !configured.transforms(of: type).contains { ours in
                candidates.contains { $0.isSameAlgorithm(as: ours) }
            }
        }
        return differing + theirs.filter { !isOptional($0, in: offered) }
    }

    /// A type may be left out by the other side where NONE is among its transforms (RFC 7296 section 3.3.3), and
    /// 32-bit sequence numbers need no saying.
    private static func isOptional(_ type: TransformType, in proposal: Proposal) -> Bool {
        switch type {
        case .integrity, .keyExchange, .sequenceNumbers: proposal.transforms(of: type).contains { $0.id == 0 }
        default: false
        }
    }

    private static func orderedTypes(_ proposal: Proposal) -> [TransformType] {
        var types: [TransformType] = []
        for transform in proposal.transforms where !types.contains(transform.type) { types.append(transform.type) }
        return types
    }

    private static func transformTypes(_ proposal: Proposal) -> Set<TransformType> {
        Set(proposal.transforms.map(\.type))
    }

    private static func names(_ transforms: [Transform]) -> String {
        transforms.isEmpty ? "none" : transforms.map(\.description).joined(separator: "/")
    }
}

extension Transform {
    /// Same algorithm with the same key length; a transform with an attribute that we do not know matches nothing
    /// (RFC 7296 section 3.3.6).
    func isSameAlgorithm(as other: Transform) -> Bool {
        type == other.type && id == other.id && keyLength == other.keyLength
            && attributes.allSatisfy(\.isKeyLength) && other.attributes.allSatisfy(\.isKeyLength)
    }
}

extension TransformAttribute {
    fileprivate var isKeyLength: Bool { type == TransformAttribute.keyLengthType }
}

extension Proposal {
    /// The proposal without its key exchange: what IKE_AUTH offers for the first CHILD SA (RFC 7296 section 1.2).
    func withoutKeyExchange() -> Proposal {
        var copy = self
        copy.transforms.removeAll { $0.type == .keyExchange }
        return copy
    }

    /// The same proposals numbered from 1, with our SPI.
    static func numbered(_ proposals: [Proposal], spi: [UInt8]) -> [Proposal] {
        zip(UInt8(1)..., proposals).map { number, proposal in
            var copy = proposal
            copy.number = number
            copy.spi = spi
            return copy
        }
    }
}
