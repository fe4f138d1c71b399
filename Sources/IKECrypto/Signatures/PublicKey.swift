import COpenSSL
import IKEWire

/// A key that verifies signatures: of a certificate, or configured without one (RFC 7670).
package struct PublicKey: Hashable, Sendable {
    /// The key as X.509 holds it, in DER (RFC 5280 section 4.1).
    package let subjectPublicKeyInfo: [UInt8]
    package let kind: Kind
    /// SHA-1 of `subjectPublicKeyInfo`: how CERTREQ names an authority (RFC 7296 section 3.7). 20 octets.
    package let keyHash: [UInt8]

    /// The kinds of keys that sign here; there are others, which are refused as unsupported.
    package enum Kind: Hashable, Sendable {
        case rsa(bits: Int)
        case ecdsa(ECDSACurve)
        case ed25519
        case ed448
    }

    /// The curves of RFC 4754, which are those of RFC 5903's key exchange.
    package enum ECDSACurve: Hashable, Sendable {
        case p256, p384, p521

        /// Octets of each of the two numbers of a signature.
        var numberLength: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }
    }

    /// From a SubjectPublicKeyInfo in DER. Throws `malformed` for what is none, `unsupported` for a key of another kind.
    package init(subjectPublicKeyInfo: [UInt8]) throws(CryptoError) {
        kind = try LibraryKey(subjectPublicKeyInfo: subjectPublicKeyInfo).kind()
        keyHash = try Digest.sha1(subjectPublicKeyInfo)
        self.subjectPublicKeyInfo = subjectPublicKeyInfo
    }

    /// From a file: PEM with a "PUBLIC KEY", or a SubjectPublicKeyInfo in DER. Throws as `init` does.
    package static func parse(_ file: [UInt8]) throws(CryptoError) -> PublicKey {
        let keys = try PEMBlock.contents(of: file, labelled: ["PUBLIC KEY"], "public key")
        guard let key = keys.first, keys.count == 1 else { throw .malformed("public key: the file holds several") }
        return try PublicKey(subjectPublicKeyInfo: key)
    }

    /// Whether the signature was made over the message with this key's private half. False for anything that is wrong with
    /// either of them, or with a scheme that does not fit the key.
    package func verify(_ signature: [UInt8], of message: [UInt8], by scheme: SignatureScheme) -> Bool {
        guard scheme.fits(self) else { return false }
        do throws(CryptoError) {
            let key = try LibraryKey(subjectPublicKeyInfo: subjectPublicKeyInfo)
            return try key.isSignature(scheme.librarySignature(signature, for: self), of: message, by: scheme)
        } catch {
            return false
        }
    }
}

// MARK: - libcrypto

extension LibraryKey {
    init(subjectPublicKeyInfo: [UInt8]) throws(CryptoError) {
        try self.init(
            owning: LibraryObject(
                decoding: subjectPublicKeyInfo,
                as: "public key",
                by: d2i_PUBKEY,
                freedBy: EVP_PKEY_free
            )
        )
    }

    fileprivate func kind() throws(CryptoError) -> PublicKey.Kind {
        if EVP_PKEY_is_a(pointer, "RSA") == 1 { return .rsa(bits: Int(EVP_PKEY_get_bits(pointer))) }
        if EVP_PKEY_is_a(pointer, "ED25519") == 1 { return .ed25519 }
        if EVP_PKEY_is_a(pointer, "ED448") == 1 { return .ed448 }
        if EVP_PKEY_is_a(pointer, "EC") == 1 { return .ecdsa(try curve()) }
        let name = EVP_PKEY_get0_type_name(pointer).map { String(cString: $0) }
        throw .unsupported("a key for \(name ?? "an unknown algorithm")")
    }

    private func curve() throws(CryptoError) -> PublicKey.ECDSACurve {
        // RFC 5480 section 2.1.1: a curve is named. One that is spelled out may be any, and has been used to forge keys.
        var isSpelledOut: Int32 = 0
        _ = EVP_PKEY_get_int_param(pointer, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &isSpelledOut)
        guard isSpelledOut == 0 else { throw .unsupported("a key on a curve without a name") }
        var octets = [CChar](repeating: 0, count: 64)
        var length = 0
        try check(
            EVP_PKEY_get_group_name(pointer, &octets, octets.count, &length),
            "EVP_PKEY_get_group_name"
        )
        let name = String(decoding: octets.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch name {
        case "prime256v1": return .p256
        case "secp384r1": return .p384
        case "secp521r1": return .p521
        default: throw .unsupported("a key on the curve \(name)")
        }
    }
}

// MARK: - Text

extension PublicKey: CustomStringConvertible {
    /// Kind and hash: "ECDSA P-256 key 5b0a...".
    package var description: String { "\(kind) key \(hexadecimal(keyHash))" }
}

extension PublicKey.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .rsa(let bits): "RSA-\(bits)"
        case .ecdsa(let curve): "ECDSA \(curve)"
        case .ed25519: "Ed25519"
        case .ed448: "Ed448"
        }
    }
}

extension PublicKey.ECDSACurve: CustomStringConvertible {
    package var description: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }
}
