import IKEWire

/// The proposals of connections and children.
enum ProposalLists {
    /// In the order in which they are written, numbered from 1; `default` stands for several.
    static func read(
        _ key: String,
        of reader: SectionReader,
        protocolID: ProtocolID,
        default standard: [Proposal],
        _ readings: ConnectionReadings
    ) throws(ConfigurationError) -> [Proposal] {
        guard let setting = reader.section.setting(key) else { return standard }
        return try readings.proposals.reading(of: setting) { () throws(ConfigurationError) in
            try read(try reader.list(key), protocolID: protocolID, default: standard)
        }
    }

    /// - Parameter values: the items of the setting, nil when there are none.
    private static func read(
        _ values: [SettingText]?,
        protocolID: ProtocolID,
        default standard: [Proposal]
    ) throws(ConfigurationError) -> [Proposal] {
        guard let values else { return standard }
        var proposals: [Proposal] = []
        for value in values {
            let added: [Proposal]
            if value.text.lowercased() == "default" {
                added = standard
            } else {
                added = [try proposal(value, protocolID: protocolID)]
            }
            for var proposal in added {
                guard let number = UInt8(exactly: proposals.count + 1) else {
                    throw value.failure("`\(value.setting.key)` takes no more than \(UInt8.max) proposals")
                }
                proposal.number = number
                proposals.append(proposal)
            }
        }
        return proposals
    }

    private static func proposal(_ value: SettingText, protocolID: ProtocolID) throws(ConfigurationError) -> Proposal {
        do throws(ProposalKeywordError) {
            return try Proposal(keywords: value.text, number: 1, protocolID: protocolID)
        } catch {
            throw failure(error, value)
        }
    }

    /// Points at the word that cannot be used, where it is one.
    private static func failure(_ error: ProposalKeywordError, _ value: SettingText) -> ConfigurationError {
        switch error.problem {
        case .unknown(let word, let nearest):
            let message = "`\(word)` is no algorithm that iked knows" + value.hint
            return value.failure(message, at: offset(of: word, in: value.text), suggestion: nearest)
        case .unsupported(let word), .notForProtocol(let word, _):
            return value.failure("in `\(value.text)` \(error.problem)", at: offset(of: word, in: value.text))
        default:
            return value.failure("`\(value.text)` cannot be used: \(error.problem)")
        }
    }

    /// Where one of the words between dashes stands.
    private static func offset(of word: String, in text: String) -> Int {
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        return words.firstIndex { $0 == word }.map { index in
            words[..<index].reduce(0) { $0 + $1.utf8.count + 1 }
        } ?? 0
    }
}
