package import IKEWire

/// Our side of a Diffie-Hellman exchange: a private key, its public value, and what both sides then share.
///
/// A private key serves one exchange and is wiped with the object. It is made from octets of the injected random
/// source, so that a seeded run repeats.
package final class KeyExchange {
    package let method: KeyExchangeMethod
    /// Our public value as the KE payload carries it (RFC 7296 section 3.4): for MODP a number as long as the modulus,
    /// for ECP and Brainpool `x | y` (RFC 5903 section 7, RFC 6954 section 2.3), for the Montgomery curves 32 or 56
    /// octets (RFC 8031 section 3.1).
    package let publicValue: [UInt8]

    private let key: PrivateKey

    /// The kinds of private keys, each with its own encoding and its own checks.
    private enum PrivateKey: ~Copyable {
        case modp(MODPKey)
        case curve(CurveKey)
        case montgomery(MontgomeryKey)
    }

    /// Makes a key pair. Throws `unsupported` for a method that is not offered.
    package init(_ method: KeyExchangeMethod, random: any RandomSource) throws(CryptoError) {
        self.method = method
        if let group = MODPGroup(method) {
            let key = try MODPKey(group, random: random)
            publicValue = key.publicValue
            self.key = .modp(key)
        } else if let curve = Curve(method) {
            let key = try CurveKey(curve, random: random)
            publicValue = key.publicValue
            self.key = .curve(key)
        } else if let curve = MontgomeryCurve(method) {
            let key = try MontgomeryKey(curve, random: random)
            publicValue = key.publicValue
            self.key = .montgomery(key)
        } else {
            throw .unsupported("\(method)")
        }
    }

    /// Whether the method is offered.
    package static func isSupported(_ method: KeyExchangeMethod) -> Bool {
        publicValueLength(of: method) != nil
    }

    /// How many octets a public value of the method has, or `nil` for a method that is not offered.
    package static func publicValueLength(of method: KeyExchangeMethod) -> Int? {
        MODPGroup(method)?.modulusLength ?? Curve(method)?.publicValueLength ?? MontgomeryCurve(method)?.length
    }

    /// What both sides share (g^ir): for MODP as long as the modulus, with leading zeros (RFC 7296 section 2.14), for
    /// ECP and Brainpool the x coordinate (RFC 5903 section 7), for the Montgomery curves the u coordinate.
    ///
    /// Throws `invalidPublicValue` for what no honest peer sends: a wrong length, a number out of range, a point that
    /// is not on the curve (RFC 6989 section 2), or one with which nothing would be secret (RFC 7748 section 6).
    package func sharedSecret(with peerPublicValue: [UInt8]) throws(CryptoError) -> SecretBytes {
        switch key {
        case .modp(let key): try key.sharedSecret(with: peerPublicValue)
        case .curve(let key): try key.sharedSecret(with: peerPublicValue)
        case .montgomery(let key): try key.sharedSecret(with: peerPublicValue)
        }
    }
}
