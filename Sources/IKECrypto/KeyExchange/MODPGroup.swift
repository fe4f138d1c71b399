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
}
