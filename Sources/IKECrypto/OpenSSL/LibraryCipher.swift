import COpenSSL

/// One of libcrypto's ciphers, looked up among its providers once in the life of the process.
///
/// Safe to share: what is fetched is never freed and never changes, nor do the functions of the provider that it holds.
struct LibraryCipher: @unchecked Sendable {
    let name: String
    /// In one place for all contexts of the cipher, of which a gateway has thousands.
    let functions: UnsafePointer<CipherFunctions>
    /// In octets; the nonce's is what the cipher takes unless it is told another.
    let keyLength: Int
    let nonceLength: Int

    private init?(_ name: String) {
        guard let cipher = EVP_CIPHER_fetch(nil, name, nil), let functions = CipherFunctions(of: cipher, named: name)
        else { return nil }
        self.name = name
        let place = UnsafeMutablePointer<CipherFunctions>.allocate(capacity: 1)
        place.initialize(to: functions)
        self.functions = UnsafePointer(place)
        keyLength = Int(EVP_CIPHER_get_key_length(cipher))
        nonceLength = Int(EVP_CIPHER_get_iv_length(cipher))
    }

    /// The cipher that a suite encrypts with.
    static func cipher(of suite: CipherSuite) throws(CryptoError) -> LibraryCipher {
        switch suite.mode {
        case .cbc: try aes("CBC", keyLength: suite.cipherKeyLength)
        case .ctr: try aes("CTR", keyLength: suite.cipherKeyLength)
        case .gcm: try aes("GCM", keyLength: suite.cipherKeyLength)
        case .ccm: try aes("CCM", keyLength: suite.cipherKeyLength)
        case .chaCha20Poly1305: try named("ChaCha20-Poly1305")
        }
    }

    /// AES in one of its modes, with a key of so many octets.
    static func aes(_ mode: String, keyLength: Int) throws(CryptoError) -> LibraryCipher {
        try named("AES-\(keyLength * 8)-\(mode)")
    }

    private static func named(_ name: String) throws(CryptoError) -> LibraryCipher {
        guard let cipher = fetched[name] else { throw .unsupported(name) }
        return cipher
    }

    private static let fetched: [String: LibraryCipher] = {
        let modes = ["CBC", "CTR", "GCM", "CCM", "ECB"]
        let aes = modes.flatMap { mode in [128, 192, 256].map { "AES-\($0)-\(mode)" } }
        let ciphers = (aes + ["ChaCha20-Poly1305"]).compactMap { LibraryCipher($0) }
        return Dictionary(uniqueKeysWithValues: ciphers.map { ($0.name, $0) })
    }()
}
