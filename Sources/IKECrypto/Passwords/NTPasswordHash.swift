import COpenSSL

/// The hash of a password that MS-CHAPv2 calculates with (RFC 2759 section 8.3). As good as the password itself: a secret.
package struct NTPasswordHash: Sendable {
    /// 16 octets.
    let octets: SecretBytes

    /// MD4 over the password in UTF-16, little-endian. The password comes in UTF-8; what is none counts as U+FFFD.
    package init(password: SecretBytes) throws(CryptoError) {
        // No character has more code units in UTF-16 than in UTF-8.
        let text = WipedMemory(count: 2 * password.count)
        var count = 0
        password.withUnsafeBytes { octets in
            _ = transcode(octets.makeIterator(), from: UTF8.self, to: UTF16.self, stoppingOnError: false) { unit in
                guard count + 2 <= text.count else { return }
                text.octets[count] = UInt8(truncatingIfNeeded: unit)
                text.octets[count + 1] = UInt8(truncatingIfNeeded: unit >> 8)
                count += 2
            }
        }
        octets = try Self.md4(UnsafeRawBufferPointer(rebasing: text.raw[..<count]))
    }

    /// The hash of the hash (RFC 2759 section 8.4): what the server's proof and the keys are made from.
    func hashed() throws(CryptoError) -> SecretBytes {
        try octets.withUnsafeBytes { (octets) throws(CryptoError) in try Self.md4(octets) }
    }

    private static func md4(_ octets: UnsafeRawBufferPointer) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: 16) { (digest) throws(CryptoError) in
            try check(ossl_md4(octets.baseAddress, octets.count, digest.baseAddress), "MD4")
        }
    }
}
