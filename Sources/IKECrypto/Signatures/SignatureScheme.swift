package import IKEWire

/// How a message is hashed, padded and signed.
package enum SignatureScheme: Hashable, Sendable {
    /// RSASSA-PKCS1-v1_5. With SHA-1 it is method 1 of RFC 7296 section 3.8, and only here SHA-1 is taken.
    case rsaPKCS1(HashAlgorithm)
    /// RSASSA-PSS with a salt as long as the hash and MGF1 over the same hash (RFC 8247 section 3.2).
    case rsaPSS(HashAlgorithm)
    /// ECDSA whose signature is an ECDSA-Sig-Value in DER, as method 14 carries it (RFC 7427).
    case ecdsa(HashAlgorithm)
    /// ECDSA whose signature is `r | s`, each as long as the curve's order: methods 9 to 11 (RFC 4754).
    case ecdsaConcatenated(HashAlgorithm)
    /// RFC 8420, as the next one.
    case ed25519
    case ed448

    /// What the message is hashed with; `identity` where the scheme hashes by itself (RFC 8420).
    package var hash: HashAlgorithm {
        switch self {
        case .rsaPKCS1(let hash), .rsaPSS(let hash), .ecdsa(let hash), .ecdsaConcatenated(let hash): hash
        case .ed25519, .ed448: .identity
        }
    }

    /// Whether a key can sign or verify by this scheme: kind and hash, and for `r | s` the one hash that RFC 4754 ties to the
    /// curve. False for a hash that the scheme is not used with.
    package func fits(_ key: PublicKey) -> Bool {
        switch (self, key.kind) {
        case (.rsaPKCS1(let hash), .rsa): hash == .sha1 || hash.isSHA2
        case (.rsaPSS(let hash), .rsa), (.ecdsa(let hash), .ecdsa): hash.isSHA2
        case (.ecdsaConcatenated(.sha2_256), .ecdsa(.p256)): true
        case (.ecdsaConcatenated(.sha2_384), .ecdsa(.p384)): true
        case (.ecdsaConcatenated(.sha2_512), .ecdsa(.p521)): true
        case (.ed25519, .ed25519), (.ed448, .ed448): true
        default: false
        }
    }
}

extension HashAlgorithm {
    var isSHA2: Bool { [.sha2_256, .sha2_384, .sha2_512].contains(self) }

    /// libcrypto's name, for the hashes that sign.
    var libraryName: String? {
        switch self {
        case .sha1: "SHA1"
        case .sha2_256: "SHA256"
        case .sha2_384: "SHA384"
        case .sha2_512: "SHA512"
        default: nil
        }
    }
}

extension SignatureScheme: CustomStringConvertible {
    /// "RSA-PSS with SHA2_256".
    package var description: String {
        switch self {
        case .rsaPKCS1(let hash): "RSA with \(hash)"
        case .rsaPSS(let hash): "RSA-PSS with \(hash)"
        case .ecdsa(let hash): "ECDSA with \(hash)"
        case .ecdsaConcatenated(let hash): "ECDSA (RFC 4754) with \(hash)"
        case .ed25519: "Ed25519"
        case .ed448: "Ed448"
        }
    }
}
