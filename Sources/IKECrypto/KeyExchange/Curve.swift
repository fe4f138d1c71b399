import COpenSSL
import IKEWire

/// An elliptic curve in Weierstrass form with a cofactor of 1: the ECP groups (RFC 5903) and Brainpool (RFC 6954).
struct Curve: Sendable {
    let method: KeyExchangeMethod
    /// libcrypto's name of the curve.
    let name: StaticString
    /// Octets of a coordinate, and of the shared secret.
    let coordinateLength: Int
    /// Of the octets of a random number as long as the order, the bits of the first one that are kept.
    let firstOctetMask: UInt8
    private let nid: Int32

    /// `nil` for a method that is no such curve of at least 256 bits.
    init?(_ method: KeyExchangeMethod) {
        self.method = method
        switch method {
        case .ecp256: (name, nid, coordinateLength) = ("P-256", NID_X9_62_prime256v1, 32)
        case .ecp384: (name, nid, coordinateLength) = ("P-384", NID_secp384r1, 48)
        case .ecp521: (name, nid, coordinateLength) = ("P-521", NID_secp521r1, 66)
        case .brainpool256: (name, nid, coordinateLength) = ("brainpoolP256r1", NID_brainpoolP256r1, 32)
        case .brainpool384: (name, nid, coordinateLength) = ("brainpoolP384r1", NID_brainpoolP384r1, 48)
        case .brainpool512: (name, nid, coordinateLength) = ("brainpoolP512r1", NID_brainpoolP512r1, 64)
        default: return nil
        }
        firstOctetMask = method == .ecp521 ? 0x01 : 0xFF
    }

    /// Octets of `x | y`.
    var publicValueLength: Int { 2 * coordinateLength }

    /// The curve's arithmetic, made once in the life of the process.
    func group() throws(CryptoError) -> LibraryGroup {
        guard let group = Self.groups[nid] else { throw .unsupported("\(name)") }
        return group
    }

    private static let groups: [Int32: LibraryGroup] = {
        let curves = [
            NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1,
            NID_brainpoolP256r1, NID_brainpoolP384r1, NID_brainpoolP512r1,
        ]
        return Dictionary(uniqueKeysWithValues: curves.compactMap { nid in LibraryGroup(nid).map { (nid, $0) } })
    }()
}

/// An EC_GROUP of libcrypto. Safe to share: it is not changed once it is made.
struct LibraryGroup: @unchecked Sendable {
    let pointer: OpaquePointer

    init?(_ nid: Int32) {
        guard let pointer = EC_GROUP_new_by_curve_name(nid) else { return nil }
        self.pointer = pointer
    }
}
