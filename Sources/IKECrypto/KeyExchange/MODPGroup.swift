import COpenSSL
import IKEWire

/// A MODP group with a safe prime p and the generator 2 (RFC 3526).
struct MODPGroup {
    let method: KeyExchangeMethod
    /// libcrypto's name of the group.
    let name: StaticString
    /// Octets of p, and so of public values and shared secrets.
    let modulusLength: Int
    /// Octets of a private exponent: twice the group's strength in bits and one more, as libcrypto chooses for itself.
    let exponentLength: Int

    /// `nil` for a method that is no MODP group of at least 2048 bits. Shorter ones must not be used (RFC 8247
    /// section 2.4), nor are those with small subgroups offered (RFC 5114, RFC 6989 section 2.2).
    init?(_ method: KeyExchangeMethod) {
        self.method = method
        switch method {
        case .modp2048: (name, modulusLength, exponentLength) = ("modp_2048", 256, 29)
        case .modp3072: (name, modulusLength, exponentLength) = ("modp_3072", 384, 35)
        case .modp4096: (name, modulusLength, exponentLength) = ("modp_4096", 512, 41)
        case .modp6144: (name, modulusLength, exponentLength) = ("modp_6144", 768, 47)
        case .modp8192: (name, modulusLength, exponentLength) = ("modp_8192", 1024, 50)
        default: return nil
        }
    }

    /// p in network order.
    func modulus() throws(CryptoError) -> [UInt8] {
        let prime: OpaquePointer? =
            switch modulusLength {
            case 256: BN_get_rfc3526_prime_2048(nil)
            case 384: BN_get_rfc3526_prime_3072(nil)
            case 512: BN_get_rfc3526_prime_4096(nil)
            case 768: BN_get_rfc3526_prime_6144(nil)
            default: BN_get_rfc3526_prime_8192(nil)
            }
        let number = try LibraryObject(prime, freedBy: BN_free, "BN_get_rfc3526_prime")
        var octets = [UInt8](repeating: 0, count: modulusLength)
        try check(BN_bn2binpad(number.pointer, &octets, int32(modulusLength, "modulus")), "BN_bn2binpad")
        return octets
    }
}
