// What can be negotiated at all.

extension Transform {
    /// The algorithms of a type that proposals can name, by their numbers; a cipher once for each length of its key.
    package static func supported(_ type: TransformType) -> [Transform] {
        ProposalKeywordTable.allTransforms.filter { $0.type == type }
            .sorted { ($0.id, $0.keyLength ?? 0) < ($1.id, $1.keyLength ?? 0) }
    }
}
