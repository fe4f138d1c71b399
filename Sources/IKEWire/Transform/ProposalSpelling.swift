// Proposals of a peer as a configuration would write them.

extension Proposal {
    /// The words of `swanctl.conf` for this proposal, without the algorithms that are not supported here; nil if too little is
    /// left for a proposal.
    package var keywords: String? {
        let words = transforms.filter { $0 != .sequenceNumbers(.standard) && $0 != .keyExchange(.none) }
            .compactMap { ProposalKeywordTable.keyword(for: $0) }
        let text = words.joined(separator: "-")
        // What can be read again is complete.
        return (try? Proposal(keywords: text, number: number, protocolID: protocolID)) == nil ? nil : text
    }
}
