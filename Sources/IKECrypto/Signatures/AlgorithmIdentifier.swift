import COpenSSL
import IKEWire

// The AlgorithmIdentifier of a scheme, which stands in front of the signature of method 14 (RFC 7427 section 3).
//
//     AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
//
//     RSASSA-PSS-params ::= SEQUENCE {
//         hashAlgorithm    [0] AlgorithmIdentifier DEFAULT sha1,
//         maskGenAlgorithm [1] AlgorithmIdentifier DEFAULT mgf1SHA1,
//         saltLength       [2] INTEGER DEFAULT 20,
//         trailerField     [3] INTEGER DEFAULT 1 }

// MARK: - Encoding

extension SignatureScheme {
    /// The octets that RFC 7427 appendix A and RFC 8420 appendix A give the scheme. None for `r | s`, which RFC 7427 does
    /// not know, and for a hash that the scheme is not used with.
    package var algorithmIdentifier: [UInt8] {
        switch self {
        case .rsaPKCS1(.sha1): Self.rsa(5)
        case .rsaPKCS1(.sha2_256): Self.rsa(11)
        case .rsaPKCS1(.sha2_384): Self.rsa(12)
        case .rsaPKCS1(.sha2_512): Self.rsa(13)
        case .rsaPSS(.sha2_256): Self.pss(hash: 1, salt: 32)
        case .rsaPSS(.sha2_384): Self.pss(hash: 2, salt: 48)
        case .rsaPSS(.sha2_512): Self.pss(hash: 3, salt: 64)
        case .ecdsa(.sha2_256): Self.ecdsa(2)
        case .ecdsa(.sha2_384): Self.ecdsa(3)
        case .ecdsa(.sha2_512): Self.ecdsa(4)
        case .ed25519: [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70]
        case .ed448: [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x71]
        case .rsaPKCS1, .rsaPSS, .ecdsa, .ecdsaConcatenated: []
        }
    }

    /// PKCS#1's algorithms, with NULL for parameters.
    private static func rsa(_ number: UInt8) -> [UInt8] {
        [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, number, 0x05, 0x00]
    }

    /// ecdsa-with-SHA2, without parameters.
    private static func ecdsa(_ number: UInt8) -> [UInt8] {
        [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, number]
    }

    /// RSASSA-PSS with all its parameters, the hash by its number among NIST's.
    private static func pss(hash number: UInt8, salt: UInt8) -> [UInt8] {
        let hash: [UInt8] =
            [0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number, 0x05, 0x00]
        let mgf1: [UInt8] = [0x30, 0x1A, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08]
        return [0x30, 0x46, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A, 0x30, 0x39]
            + [0xA0, 0x0F] + hash + [0xA1, 0x1C] + mgf1 + hash + [0xA2, 0x03, 0x02, 0x01, salt]
            + [0xA3, 0x03, 0x02, 0x01, 0x01]
    }
}

// MARK: - Decoding

extension SignatureScheme {
    /// The scheme that an AlgorithmIdentifier in DER names; `nil` for others, for what is no such thing, and for all with
    /// SHA-1, which RFC 8247 section 3.2 forbids here.
    ///
    /// NULL parameters may be left out where they are asked for, and may stand where none are, which receivers are told to
    /// take (RFC 4055 section 2.1). Parameters of PSS must agree: one hash, a salt of its length.
    package init?(algorithmIdentifier: [UInt8]) {
        guard let identifier = AlgorithmIdentifier(algorithmIdentifier) else { return nil }
        switch identifier.algorithm {
        case NID_sha256WithRSAEncryption where identifier.hasNoParameters: self = .rsaPKCS1(.sha2_256)
        case NID_sha384WithRSAEncryption where identifier.hasNoParameters: self = .rsaPKCS1(.sha2_384)
        case NID_sha512WithRSAEncryption where identifier.hasNoParameters: self = .rsaPKCS1(.sha2_512)
        case NID_ecdsa_with_SHA256 where identifier.hasNoParameters: self = .ecdsa(.sha2_256)
        case NID_ecdsa_with_SHA384 where identifier.hasNoParameters: self = .ecdsa(.sha2_384)
        case NID_ecdsa_with_SHA512 where identifier.hasNoParameters: self = .ecdsa(.sha2_512)
        case NID_ED25519 where identifier.hasNoParameters: self = .ed25519
        case NID_ED448 where identifier.hasNoParameters: self = .ed448
        case NID_rsassaPss:
            guard let hash = identifier.hashOfPSS else { return nil }
            self = .rsaPSS(hash)
        default: return nil
        }
    }
}

/// A decoded AlgorithmIdentifier.
private struct AlgorithmIdentifier: ~Copyable {
    private let handle: LibraryObject

    init?(_ der: [UInt8]) {
        do throws(CryptoError) {
            handle = try LibraryObject(
                decoding: der,
                as: "AlgorithmIdentifier",
                by: { OpaquePointer(d2i_X509_ALGOR(nil, $1, $2)) },
                freedBy: { X509_ALGOR_free(UnsafeMutablePointer($0)) }
            )
        } catch {
            return nil
        }
    }

    private var content: UnsafeMutablePointer<X509_ALGOR> { UnsafeMutablePointer(handle.pointer) }

    var algorithm: Int32 { OBJ_obj2nid(content.pointee.algorithm) }

    /// Absent or NULL.
    var hasNoParameters: Bool { content.pointee.hasNoParameters }

    /// The one hash that parameters of RSASSA-PSS name, if they agree.
    var hashOfPSS: HashAlgorithm? {
        guard let decoded = ASN1_TYPE_unpack_sequence(RSA_PSS_PARAMS_it(), content.pointee.parameter) else {
            ERR_clear_error()
            return nil
        }
        let parameters = decoded.assumingMemoryBound(to: RSA_PSS_PARAMS.self)
        defer { RSA_PSS_PARAMS_free(parameters) }
        guard let hash = parameters.pointee.hashAlgorithm?.pointee.hash,
            let mask = parameters.pointee.maskGenAlgorithm, mask.pointee.hashOfMGF1 == hash,
            let salt = parameters.pointee.saltLength, ASN1_INTEGER_get(salt) == hash.length,
            parameters.pointee.trailerField.map({ ASN1_INTEGER_get($0) == 1 }) ?? true
        else { return nil }
        return hash
    }
}

extension X509_ALGOR {
    fileprivate var hasNoParameters: Bool { parameter == nil || ASN1_TYPE_get(parameter) == V_ASN1_NULL }

    /// The hash of SHA-2 that this names.
    fileprivate var hash: HashAlgorithm? {
        guard hasNoParameters else { return nil }
        return switch OBJ_obj2nid(algorithm) {
        case NID_sha256: .sha2_256
        case NID_sha384: .sha2_384
        case NID_sha512: .sha2_512
        default: nil
        }
    }

    /// The hash within the parameters of MGF1.
    fileprivate var hashOfMGF1: HashAlgorithm? {
        guard OBJ_obj2nid(algorithm) == NID_mgf1,
            let decoded = ASN1_TYPE_unpack_sequence(X509_ALGOR_it(), parameter)
        else {
            ERR_clear_error()
            return nil
        }
        let inner = decoded.assumingMemoryBound(to: X509_ALGOR.self)
        defer { X509_ALGOR_free(inner) }
        return inner.pointee.hash
    }
}

extension HashAlgorithm {
    /// Octets, for the hashes of SHA-2.
    fileprivate var length: Int? {
        switch self {
        case .sha2_256: 32
        case .sha2_384: 48
        case .sha2_512: 64
        default: nil
        }
    }
}
