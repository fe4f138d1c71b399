import COpenSSL
import IKEWire

/// Curve25519 and Curve448 (RFC 7748, RFC 8031), where public values, private keys and shared secrets have one length.
struct MontgomeryCurve {
    let method: KeyExchangeMethod
    /// libcrypto's name of the function.
    let name: String
    /// Octets of public values, private keys and shared secrets.
    let length: Int

    init?(_ method: KeyExchangeMethod) {
        self.method = method
        switch method {
        case .curve25519: (name, length) = ("X25519", 32)
        case .curve448: (name, length) = ("X448", 56)
        default: return nil
        }
    }
}

/// A private key on a Montgomery curve. Any octets are one: libcrypto sets the bits that RFC 7748 section 5 wants set.
struct MontgomeryKey: ~Copyable {
    let publicValue: [UInt8]
    private let curve: MontgomeryCurve
    private let key: LibraryKey

    init(_ curve: MontgomeryCurve, random: any RandomSource) throws(CryptoError) {
        let key = try random.secret(curve.length).withUnsafeBytes { (octets) throws(CryptoError) in
            try LibraryKey(
                EVP_PKEY_new_raw_private_key_ex(
                    nil,
                    curve.name,
                    nil,
                    octets.assumingMemoryBound(to: UInt8.self).baseAddress,
                    octets.count
                ),
                orThrow: .library("EVP_PKEY_new_raw_private_key_ex")
            )
        }
        publicValue = try key.rawPublicKey(length: curve.length)
        self.key = key
        self.curve = curve
    }

    /// Every value of the right length is taken, as RFC 8031 section 3.2 asks, unless nothing would be secret with it:
    /// the points of small order give an all-zero result (RFC 7748 section 6).
    func sharedSecret(with peer: [UInt8]) throws(CryptoError) -> SecretBytes {
        guard peer.count == curve.length else {
            throw .invalidPublicValue(curve.method, .length(expected: curve.length, received: peer.count))
        }
        let smallOrder = CryptoError.invalidPublicValue(curve.method, .smallOrder)
        let peer = try LibraryKey(
            EVP_PKEY_new_raw_public_key_ex(nil, curve.name, nil, peer, peer.count),
            orThrow: .library("EVP_PKEY_new_raw_public_key_ex")
        )
        let secret: SecretBytes
        do {
            secret = try key.sharedSecret(with: peer, length: curve.length)
        } catch {
            // libcrypto refuses an all-zero result by itself, and knows no other fault of a value.
            throw smallOrder
        }
        guard secret != .zeros(curve.length) else { throw smallOrder }
        return secret
    }
}
