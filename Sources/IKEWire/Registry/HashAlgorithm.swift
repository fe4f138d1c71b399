/// A hash that a signature may use, as SIGNATURE_HASH_ALGORITHMS lists them (RFC 7427 section 4; IANA "IKEv2 Hash Algorithms").
package struct HashAlgorithm: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let sha1 = Self(rawValue: 1)
    package static let sha2_256 = Self(rawValue: 2)
    package static let sha2_384 = Self(rawValue: 3)
    package static let sha2_512 = Self(rawValue: 4)
    /// The signature algorithm hashes by itself (RFC 8420).
    package static let identity = Self(rawValue: 5)
    /// RFC 9385, as the next one.
    package static let streebog256 = Self(rawValue: 6)
    package static let streebog512 = Self(rawValue: 7)
}

extension HashAlgorithm: CustomStringConvertible {
    /// A name; a number for what is not registered.
    package var description: String {
        switch self {
        case .sha1: "SHA1"
        case .sha2_256: "SHA2_256"
        case .sha2_384: "SHA2_384"
        case .sha2_512: "SHA2_512"
        case .identity: "IDENTITY"
        case .streebog256: "STREEBOG_256"
        case .streebog512: "STREEBOG_512"
        default: "hash algorithm \(rawValue)"
        }
    }
}
