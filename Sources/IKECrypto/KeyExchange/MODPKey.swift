import COpenSSL
import IKEWire

/// A private exponent in a MODP group.
struct MODPKey: ~Copyable {
    let publicValue: [UInt8]
    private let group: MODPGroup
    private let key: LibraryKey

    init(_ group: MODPGroup, random: any RandomSource) throws(CryptoError) {
        let exponent = random.secret(group.exponentLength)
        let key = try Self.key(group, exponent: exponent)
        // EVP makes key pairs from its own random numbers only. Given the exponent x, it still raises numbers to it:
        // the public value 2^x is the secret shared with someone whose public value is 2.
        let generator = [UInt8](repeating: 0, count: group.modulusLength - 1) + [2]
        let publicValue = try Self.power(of: generator, key, group)
        self.publicValue = publicValue.withUnsafeBytes { [UInt8]($0) }
        self.group = group
        self.key = key
    }

    func sharedSecret(with peer: [UInt8]) throws(CryptoError) -> SecretBytes {
        guard peer.count == group.modulusLength else {
            throw .invalidPublicValue(group.method, .length(expected: group.modulusLength, received: peer.count))
        }
        return try Self.power(of: peer, key, group)
    }
}

// MARK: - libcrypto

extension MODPKey {
    private static func key(_ group: MODPGroup, exponent: SecretBytes) throws(CryptoError) -> LibraryKey {
        let number = try exponent.withUnsafeBytes { (octets) throws(CryptoError) in try LibraryNumber(octets) }
        return try number.native(length: group.exponentLength).withUnsafeBytes { (native) throws(CryptoError) in
            try LibraryKey(
                "DH",
                ParameterList(
                    ossl_param_group_name(group.name.cString),
                    ossl_param_private_key(native.baseAddress, native.count)
                )
            )
        }
    }

    /// `base`^x mod p, as long as p. libcrypto takes only 1 < `base` < p - 1, which is the test of RFC 6989 section 2.1.
    private static func power(
        of base: [UInt8],
        _ key: borrowing LibraryKey,
        _ group: MODPGroup
    ) throws(CryptoError) -> SecretBytes {
        let refusal = CryptoError.invalidPublicValue(group.method, .outOfRange)
        let peer = try LibraryKey(inTheGroupOf: key, publicValue: base, orThrow: refusal)
        return try key.sharedSecret(with: peer, length: group.modulusLength)
    }
}
