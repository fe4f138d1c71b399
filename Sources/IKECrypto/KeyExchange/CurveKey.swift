import COpenSSL
import IKEWire

/// A private key on an ECP or Brainpool curve.
struct CurveKey: ~Copyable {
    /// `x | y` (RFC 5903 section 7).
    let publicValue: [UInt8]
    private let curve: Curve
    private let key: LibraryKey

    init(_ curve: Curve, random: any RandomSource) throws(CryptoError) {
        let group = try curve.group()
        let scalar = try Self.scalar(curve, group, random: random)
        let point = try Self.publicPoint(curve, group, scalar)
        let native = try scalar.native(length: curve.coordinateLength)
        key = try Self.keyPair(curve, native, point)
        publicValue = Array(point.dropFirst())
        self.curve = curve
    }

    func sharedSecret(with peer: [UInt8]) throws(CryptoError) -> SecretBytes {
        guard peer.count == curve.publicValueLength else {
            throw .invalidPublicValue(curve.method, .length(expected: curve.publicValueLength, received: peer.count))
        }
        // libcrypto takes only coordinates within the field that satisfy the curve equation, which is the test of RFC
        // 6989 section 2.3; with a cofactor of 1 every such point has the full order.
        let peer = try LibraryKey(
            inTheGroupOf: key,
            publicValue: Self.uncompressed + peer,
            orThrow: .invalidPublicValue(curve.method, .notOnCurve)
        )
        return try key.sharedSecret(with: peer, length: curve.coordinateLength)
    }

    /// What stands before `x | y` in SEC 1's encoding, which libcrypto reads and IKE leaves out.
    private static let uncompressed: [UInt8] = [UInt8(POINT_CONVERSION_UNCOMPRESSED.rawValue)]

    /// A number from 1 to the order minus 1, each as likely as any other: candidates that are not in range are thrown
    /// away (FIPS 186-5 appendix A.2.2).
    private static func scalar(
        _ curve: Curve,
        _ group: LibraryGroup,
        random: any RandomSource
    ) throws(CryptoError) -> LibraryNumber {
        let order = EC_GROUP_get0_order(group.pointer)
        for _ in 0..<mostCandidates {
            let candidate = SecretBytes(count: curve.coordinateLength) { octets in
                random.fill(octets)
                octets[0] &= curve.firstOctetMask
            }
            let number = try candidate.withUnsafeBytes { (octets) throws(CryptoError) in try LibraryNumber(octets) }
            if BN_is_zero(number.pointer) == 0, BN_cmp(number.pointer, order) < 0 {
                return number
            }
        }
        throw .library(operation: "choosing a private key from the random source", code: 0)
    }

    /// One candidate in three fails on Brainpool's 256-bit curve, fewer elsewhere: a source that fails so often is not
    /// random.
    private static let mostCandidates = 128
}

// MARK: - libcrypto

extension CurveKey {
    /// The public point, uncompressed. EVP makes key pairs from its own random numbers only, hence `EC_POINT_mul`,
    /// whose time does not depend on the scalar.
    private static func publicPoint(
        _ curve: Curve,
        _ group: LibraryGroup,
        _ scalar: borrowing LibraryNumber
    ) throws(CryptoError) -> [UInt8] {
        let point = try LibraryObject(EC_POINT_new(group.pointer), freedBy: EC_POINT_clear_free, "EC_POINT_new")
        try check(EC_POINT_mul(group.pointer, point.pointer, scalar.pointer, nil, nil, nil), "EC_POINT_mul")
        var octets = [UInt8](repeating: 0, count: 1 + curve.publicValueLength)
        let written = EC_POINT_point2oct(
            group.pointer,
            point.pointer,
            POINT_CONVERSION_UNCOMPRESSED,
            &octets,
            octets.count,
            nil
        )
        guard written == octets.count else { throw .library("EC_POINT_point2oct") }
        return octets
    }

    private static func keyPair(_ curve: Curve, _ scalar: SecretBytes, _ point: [UInt8]) throws(CryptoError)
        -> LibraryKey
    {
        try scalar.withUnsafeBytes { (scalar) throws(CryptoError) in
            try point.span.withUnsafeBytes { (point) throws(CryptoError) in
                try LibraryKey(
                    "EC",
                    ParameterList(
                        ossl_param_group_name(curve.name.cString),
                        ossl_param_private_key(scalar.baseAddress, scalar.count),
                        ossl_param_public_point(point.baseAddress, point.count)
                    )
                )
            }
        }
    }
}
