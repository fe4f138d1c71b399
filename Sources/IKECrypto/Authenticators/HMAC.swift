/// HMAC over public data with a secret key (RFC 2104), for what is sent and comes back: cookies, session tickets.
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
