/// The proposals of an SA payload, the most wanted first (RFC 7296 section 3.3).
enum SecurityAssociation {
    static func proposals(from reader: inout Reader) throws(WireError) -> [Proposal] {
        var proposals: [Proposal] = []
        var isLast = false
        while !isLast {
            let start = reader.offset
            isLast = try Substructure.isLast(more: Substructure.proposal, from: &reader)
            let proposal = try Proposal(from: &reader, startingAt: start)
            try checkNumber(proposal, after: proposals.last, at: start)
            proposals.append(proposal)
        }
        return proposals
    }

    static func write(_ proposals: [Proposal], to writer: inout Writer) throws(WireError) {
        guard !proposals.isEmpty else {
            throw WireError(writer.offset, .proposalCount, .outOfRange(value: 0, allowed: 1...Int(UInt8.max)))
        }
        var previous: Proposal?
        for (position, proposal) in proposals.enumerated() {
            try checkNumber(proposal, after: previous, at: writer.offset)
            let start = writer.offset
            writer.uint8(position == proposals.count - 1 ? 0 : Substructure.proposal)
            try proposal.write(to: &writer, startingAt: start)
            previous = proposal
        }
    }

    /// Each number is one more than the one before (RFC 7296 section 3.3.1). The first is 1 in a request, but any in a response.
    /// As numbers have eight bits, there are at most 256 proposals.
    private static func checkNumber(
        _ proposal: Proposal,
        after previous: Proposal?,
        at offset: Int
    ) throws(WireError) {
        guard let previous else { return }
        let expected = Int(previous.number) + 1
        guard Int(proposal.number) == expected else {
            throw WireError(
                offset + 4,
                .proposalNumber,
                .mismatch(value: Int(proposal.number), expected: expected)
            )
        }
    }
}

/// The octet that begins a proposal or transform: 0 for the last one, else a number inherited from ISAKMP.
enum Substructure {
    static let proposal: UInt8 = 2
    static let transform: UInt8 = 3

    static func isLast(more: UInt8, from reader: inout Reader) throws(WireError) -> Bool {
        let offset = reader.offset
        let value = try reader.uint8(.lastSubstructure)
        guard value == 0 || value == more else {
            throw WireError(offset, .lastSubstructure, .mismatch(value: Int(value), expected: Int(more)))
        }
        return value == 0
    }
}
