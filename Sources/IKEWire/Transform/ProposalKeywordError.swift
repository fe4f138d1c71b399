/// Why a proposal in a configuration file cannot be used, in words for who wrote it.
package struct ProposalKeywordError: Error, Equatable, Sendable {
    /// The proposal as it was written.
    package let keywords: String
    /// What is wrong, with the word in question.
    package let problem: Problem

    /// What can be wrong with a proposal.
    package enum Problem: Equatable, Sendable {
        /// No such word; `nearest` is spelled almost like it.
        case unknown(String, nearest: String?)
        /// A registered algorithm that is not offered.
        case unsupported(String)
        /// The protocol has no use for it.
        case notForProtocol(String, ProtocolID)
        /// AEAD and other ciphers in one proposal, which RFC 7296 section 3.3 does not allow.
        case mixedCiphers
        case integrityBesideAEAD(Transform)
        case missing(TransformType)
    }
}

extension ProposalKeywordError: CustomStringConvertible {
    package var description: String { "proposal \"\(keywords)\": \(problem)" }
}

extension ProposalKeywordError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknown(let word, let nearest):
            "unknown algorithm \"\(word)\"" + (nearest.map { "; did you mean \"\($0)\"?" } ?? "")
        case .unsupported(let word): "\"\(word)\" is not supported"
        case .notForProtocol(let word, let protocolID): "\"\(word)\" has no place in a proposal for \(protocolID)"
        case .mixedCiphers:
            "AEAD ciphers (GCM, CCM, ChaCha20-Poly1305) and others cannot stand in one proposal; write two"
        case .integrityBesideAEAD(let transform):
            "\(transform) is superfluous beside an AEAD cipher, which protects integrity itself; remove it"
        case .missing(let type): "no \(type) is given; add one\(type.example.map { ", such as \"\($0)\"" } ?? "")"
        }
    }
}

extension TransformType {
    fileprivate var example: String? {
        switch self {
        case .encryption: "aes256gcm16"
        case .prf: "prfsha256"
        case .integrity: "sha256"
        case .keyExchange: "x25519"
        default: nil
        }
    }
}
