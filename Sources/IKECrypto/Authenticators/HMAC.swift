/// HMAC over public data with a secret key (RFC 2104), for what is sent and comes back: cookies, session tickets, RADIUS.
package enum HMAC {
    /// HMAC-SHA-256 over the parts, one after the other: 32 octets.
    package static func sha256(key: SecretBytes, _ parts: [UInt8]...) throws(CryptoError) -> [UInt8] {
        try code(.hmacSHA2_256, key: key, parts)
    }

    /// Whether `code` is what the parts give; takes the same time wherever a difference is.
    package static func isValidSHA256(
        _ code: [UInt8],
        key: SecretBytes,
        _ parts: [UInt8]...
    ) throws(CryptoError) -> Bool {
        let expected = try self.code(.hmacSHA2_256, key: key, parts)
        return expected.withUnsafeBytes { expected in code.withUnsafeBytes { constantTimeEqual(expected, $0) } }
    }

    /// HMAC-MD5 over the octets: 16 octets, RADIUS' Message-Authenticator (RFC 3579 section 3.2).
    package static func md5(key: SecretBytes, _ octets: [UInt8]) throws(CryptoError) -> [UInt8] {
        try code(.hmacMD5, key: key, [octets])
    }

    /// Whether `code` is the HMAC-MD5 of the octets; takes the same time wherever a difference is.
    package static func isValidMD5(_ code: [UInt8], key: SecretBytes, _ octets: [UInt8]) throws(CryptoError) -> Bool {
        let expected = try md5(key: key, octets)
        return expected.withUnsafeBytes { expected in code.withUnsafeBytes { constantTimeEqual(expected, $0) } }
    }

    private static func code(
        _ construction: MACContext.Construction,
        key: SecretBytes,
        _ parts: [[UInt8]]
    ) throws(CryptoError) -> [UInt8] {
        let function = Authenticator.library(try MACContext(construction, key: key))
        for part in parts {
            try function.update(part)
        }
        return try function.finish(length: construction.length).withUnsafeBytes { [UInt8]($0) }
    }
}
