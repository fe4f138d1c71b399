/// Proposals as they are written in `swanctl.conf`: words joined by "-", in any order within a type of algorithm.
///
///     aes256gcm16-prfsha384-x25519            IKE with an AEAD cipher
///     aes128-aes256-sha256-modp2048-ecp256    several of a type: any of them will do, the first is preferred
///     aes256gcm16-esn-noesn                   ESP
///
/// As in strongSwan, IKE takes a missing PRF from the integrity algorithms, also where a cipher is AEAD and the integrity
/// algorithm itself would be out of place ("aes256gcm16-sha384-ecp384"); ESP without "esn" counts packets with 32 bits.
extension Proposal {
    /// Reads one proposal and checks that it is complete.
    ///
    /// The word "default" is not one of these: see `defaultIKE` and `defaultESP`. Fails with the first word that cannot be used,
    /// or with what is missing.
    package init(keywords: String, number: UInt8, protocolID: ProtocolID) throws(ProposalKeywordError) {
        var transforms: [Transform] = []
        for word in keywords.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false) {
            let transform = try Self.transform(for: String(Substring(word)), in: keywords, protocolID)
            if !transforms.contains(transform) { transforms.append(transform) }
        }
        let proposal = Proposal(number: number, protocolID: protocolID, transforms: transforms)
        self = try proposal.completed(writtenAs: keywords)
    }

    private static func transform(
        for word: String,
        in keywords: String,
        _ protocolID: ProtocolID
    ) throws(ProposalKeywordError) -> Transform {
        let keyword = word.lowercased()
        guard let transform = ProposalKeywordTable.transform(for: keyword) else {
            let problem: ProposalKeywordError.Problem =
                if ProposalKeywordTable.unsupported.contains(keyword) {
                    .unsupported(word)
                } else {
                    .unknown(word, nearest: Spelling.nearest(to: keyword, among: ProposalKeywordTable.allSupported))
                }
            throw ProposalKeywordError(keywords: keywords, problem: problem)
        }
        guard protocolID.takes(transform.type), protocolID != .ike || transform.isForIKE else {
            throw ProposalKeywordError(keywords: keywords, problem: .notForProtocol(word, protocolID))
        }
        return transform
    }
}

// MARK: - Completing a proposal

extension Proposal {
    /// Adds what the words imply, puts the transforms in their usual order, and checks that nothing is missing or in the way
    /// (RFC 7296 section 3.3.3).
    private func completed(writtenAs keywords: String) throws(ProposalKeywordError) -> Proposal {
        func failure(_ problem: ProposalKeywordError.Problem) -> ProposalKeywordError {
            ProposalKeywordError(keywords: keywords, problem: problem)
        }
        let ciphers = encryption
        let exchanges = keyExchange
        let aeadCount = ciphers.count { EncryptionAlgorithm(rawValue: $0.id).isAEAD }
        let isAEAD = aeadCount > 0
        guard !isAEAD || aeadCount == ciphers.count else { throw failure(.mixedCiphers) }

        var prfs = prf
        var integrities = integrity
        if protocolID == .ike, prfs.isEmpty {
            prfs = integrities.compactMap { IntegrityAlgorithm(rawValue: $0.id).matchingPRF.map(Transform.prf) }
            if isAEAD { integrities = [] }
        }
        if let superfluous = integrities.first, isAEAD { throw failure(.integrityBesideAEAD(superfluous)) }
        if protocolID != .ah {
            guard !ciphers.isEmpty else { throw failure(.missing(.encryption)) }
        }
        guard isAEAD || !integrities.isEmpty else { throw failure(.missing(.integrity)) }
        if protocolID == .ike {
            guard !prfs.isEmpty else { throw failure(.missing(.prf)) }
            guard !exchanges.isEmpty else { throw failure(.missing(.keyExchange)) }
        }
        var counters = sequenceNumbers
        if protocolID != .ike, counters.isEmpty { counters = [.sequenceNumbers(.standard)] }
        return Proposal(
            number: number,
            protocolID: protocolID,
            transforms: ciphers + integrities + prfs + exchanges + counters
        )
    }
}

extension Transform {
    /// An IKE SA needs a key exchange, and its messages have nothing that an implicit IV could be made of (RFC 8750 section 7).
    fileprivate var isForIKE: Bool {
        switch type {
        case .encryption: !EncryptionAlgorithm(rawValue: id).usesImplicitIV
        case .keyExchange: self != .keyExchange(.none)
        default: true
        }
    }
}

extension ProtocolID {
    /// What a proposal for this protocol may contain (RFC 7296 section 3.3.3).
    fileprivate func takes(_ type: TransformType) -> Bool {
        switch type {
        case .integrity, .keyExchange: true
        case .encryption: self != .ah
        case .prf: self == .ike
        case .sequenceNumbers: self != .ike
        default: false
        }
    }
}

extension IntegrityAlgorithm {
    /// The PRF of the same construction.
    fileprivate var matchingPRF: PRFAlgorithm? {
        switch self {
        case .hmacSHA1_96: .hmacSHA1
        case .hmacSHA2_256_128: .hmacSHA2_256
        case .hmacSHA2_384_192: .hmacSHA2_384
        case .hmacSHA2_512_256: .hmacSHA2_512
        case .aesXCBC_96: .aes128XCBC
        case .aesCMAC_96: .aes128CMAC
        default: nil
        }
    }
}
