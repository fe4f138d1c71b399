package import IKECrypto
package import IKEWire

/// How an end proves its identity with a private key.
package struct PublicKeyPolicy: Hashable, Sendable {
    /// Ours: those to choose from, any that fits the identity if there is none. The peer's: the only ones that it may use, or
    /// any that a trusted authority has signed.
    package var certificates: [X509Certificate] = []
    /// Keys without a certificate (RFC 7670). Ours: what is signed with; the peer's: the only ones that it may use.
    package var publicKeys: [PublicKey] = []
    /// The peer's chain must lead through one of these; without any, to whatever authority is trusted.
    package var authorities: [X509Certificate] = []
    package var signatures = SignatureRequirement()
    package var revocation = RevocationPolicy.relaxed

    package init() {}

    /// The peer has to send its certificate: neither that nor a key of its own stands in the configuration.
    var needsCertificates: Bool { publicKeys.isEmpty && certificates.isEmpty }
}

/// Which signatures an end may make.
package struct SignatureRequirement: Hashable, Sendable, CustomStringConvertible {
    package enum KeyType: String, Hashable, Sendable {
        case any = "pubkey"
        case rsa
        case rsaPSS = "rsa/pss"
        case ecdsa, ed25519, ed448
    }

    package var keyType: KeyType
    /// In the order of preference; empty: any but SHA-1.
    package var hashes: [HashAlgorithm]

    package init(_ keyType: KeyType = .any, hashes: [HashAlgorithm] = []) {
        self.keyType = keyType
        self.hashes = hashes
    }

    func admits(_ scheme: SignatureScheme) -> Bool {
        let hasHash = hashes.isEmpty || scheme.hash == .identity || hashes.contains(scheme.hash)
        switch (keyType, scheme) {
        case (.any, _), (.rsa, .rsaPKCS1), (.rsa, .rsaPSS), (.rsaPSS, .rsaPSS), (.ecdsa, .ecdsa),
            (.ecdsa, .ecdsaConcatenated), (.ed25519, .ed25519), (.ed448, .ed448):
            return hasHash
        default: return false
        }
    }

    package var description: String {
        ([keyType.rawValue] + hashes.map(\.description)).joined(separator: "-")
    }
}

/// When our certificate goes to the peer (`send_cert`).
package enum CertificateSending: Hashable, Sendable {
    case ifAsked, always, never
}
