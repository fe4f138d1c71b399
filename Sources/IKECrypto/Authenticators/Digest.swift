import COpenSSL

/// Hashes: of public data for NAT detection (RFC 7296 section 2.23), cookies and certificate fingerprints; of secrets for
/// RADIUS.
package enum Digest {
    /// SHA-1 over the parts, one after the other: 20 octets.
    package static func sha1(_ parts: [UInt8]...) throws(CryptoError) -> [UInt8] {
        try digest(.sha1, parts)
    }

    /// SHA-256 over the parts, one after the other: 32 octets.
    package static func sha256(_ parts: [UInt8]...) throws(CryptoError) -> [UInt8] {
        try digest(.sha256, parts)
    }

    /// SHA-384 over the parts, one after the other: 48 octets.
    package static func sha384(_ parts: [UInt8]...) throws(CryptoError) -> [UInt8] {
        try digest(.sha384, parts)
    }

    /// SHA-512 over the parts, one after the other: 64 octets.
    package static func sha512(_ parts: [UInt8]...) throws(CryptoError) -> [UInt8] {
        try digest(.sha512, parts)
    }

    /// MD5 over the parts, one after the other: 16 octets. RADIUS is built on it (RFC 2865 section 3) and has nothing else to
    /// offer; it protects nothing in IKE.
    package static func md5(_ parts: SecretBytes...) throws(CryptoError) -> SecretBytes {
        guard let algorithm = LibraryDigest.md5 else { throw .unsupported("MD5") }
        let handle = try LibraryObject(EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free, "EVP_MD_CTX_new")
        try check(EVP_DigestInit_ex2(handle.pointer, algorithm.pointer, nil), "EVP_DigestInit_ex2")
        for part in parts {
            let result = part.withUnsafeBytes { EVP_DigestUpdate(handle.pointer, $0.baseAddress, $0.count) }
            try check(result, "EVP_DigestUpdate")
        }
        return try SecretBytes(count: 16) { (output) throws(CryptoError) in
            let octets = output.bindMemory(to: UInt8.self).baseAddress
            try check(EVP_DigestFinal_ex(handle.pointer, octets, nil), "EVP_DigestFinal_ex")
        }
    }

    private static func digest(_ algorithm: LibraryDigest?, _ parts: [[UInt8]]) throws(CryptoError) -> [UInt8] {
        guard let algorithm else { throw .unsupported("hash") }
        let handle = try LibraryObject(EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free, "EVP_MD_CTX_new")
        try check(EVP_DigestInit_ex2(handle.pointer, algorithm.pointer, nil), "EVP_DigestInit_ex2")
        for part in parts {
            try check(EVP_DigestUpdate(handle.pointer, part, part.count), "EVP_DigestUpdate")
        }
        var output = [UInt8](repeating: 0, count: Int(EVP_MD_get_size(algorithm.pointer)))
        try check(EVP_DigestFinal_ex(handle.pointer, &output, nil), "EVP_DigestFinal_ex")
        return output
    }
}

/// A digest of libcrypto, looked up among its providers once.
///
/// Safe to share: a fetched EVP_MD never changes, and its reference count is atomic.
private struct LibraryDigest: @unchecked Sendable {
    let pointer: OpaquePointer

    private init?(_ name: String) {
        guard let pointer = EVP_MD_fetch(nil, name, nil) else { return nil }
        self.pointer = pointer
    }

    static let md5 = LibraryDigest("MD5")
    static let sha1 = LibraryDigest("SHA1")
    static let sha256 = LibraryDigest("SHA256")
    static let sha384 = LibraryDigest("SHA384")
    static let sha512 = LibraryDigest("SHA512")
}
