import COpenSSL

/// A message authentication code of libcrypto that has its key; each message only starts it anew.
///
/// Nothing here allocates for a message. Within libcrypto 3.0, HMAC does so twice: it duplicates the digests that
/// already took the key. There is no way around short of an HMAC of our own: HMAC_CTX does the same, EVP_PKEY_HMAC more, and
/// a digest allocates for EVP_MD_CTX_copy_ex and EVP_DigestInit_ex2 alike.
struct MACContext: ~Copyable {
    /// What the code is built of.
    enum Construction {
        case hmacMD5, hmacSHA1, hmacSHA2_256, hmacSHA2_384, hmacSHA2_512
        case cmacAES128

        /// The digest or cipher, as libcrypto wants it named.
        var parameter: OSSL_PARAM {
            switch self {
            case .hmacMD5: ossl_param_mac_digest(("MD5" as StaticString).cString)
            case .hmacSHA1: ossl_param_mac_digest(("SHA1" as StaticString).cString)
            case .hmacSHA2_256: ossl_param_mac_digest(("SHA256" as StaticString).cString)
            case .hmacSHA2_384: ossl_param_mac_digest(("SHA384" as StaticString).cString)
            case .hmacSHA2_512: ossl_param_mac_digest(("SHA512" as StaticString).cString)
            case .cmacAES128: ossl_param_mac_cipher(("AES-128-CBC" as StaticString).cString)
            }
        }

        /// Octets of the untruncated code.
        var length: Int {
            switch self {
            case .hmacMD5: 16
            case .hmacSHA1: 20
            case .hmacSHA2_256: 32
            case .hmacSHA2_384: 48
            case .hmacSHA2_512: 64
            case .cmacAES128: 16
            }
        }
    }

    /// Octets of the untruncated code.
    let length: Int
    private let handle: LibraryObject

    /// Sets the key: of any length for HMAC, of 16 octets for CMAC. The first message may begin at once.
    init(_ construction: Construction, key: SecretBytes) throws(CryptoError) {
        let algorithm = construction == .cmacAES128 ? LibraryMAC.cmac : LibraryMAC.hmac
        guard let algorithm else { throw .unsupported("\(construction)") }
        let handle = try LibraryObject(EVP_MAC_CTX_new(algorithm.pointer), freedBy: EVP_MAC_CTX_free, "EVP_MAC_CTX_new")
        let context = handle.pointer
        let parameters = ParameterList(construction.parameter)
        let result = key.withUnsafeBytes {
            EVP_MAC_init(context, $0.assumingMemoryBound(to: UInt8.self).baseAddress, $0.count, parameters.first)
        }
        try check(result, "EVP_MAC_init (key)")
        self.handle = handle
        length = construction.length
    }

    private var context: OpaquePointer { handle.pointer }

    /// Begins a message under the same key.
    @inline(__always)
    func start() throws(CryptoError) {
        try check(EVP_MAC_init(context, nil, 0, nil), "EVP_MAC_init")
    }

    /// Takes more of the message.
    @inline(__always)
    func update(_ data: UnsafeRawPointer?, count: Int) throws(CryptoError) {
        guard let data, count > 0 else { return }
        try check(
            EVP_MAC_update(context, data.assumingMemoryBound(to: UInt8.self), count),
            "EVP_MAC_update"
        )
    }

    /// Ends the message and writes `length` octets.
    @inline(__always)
    func finish(to output: UnsafeMutableRawPointer) throws(CryptoError) {
        var written = 0
        try check(
            EVP_MAC_final(context, output.assumingMemoryBound(to: UInt8.self), &written, length),
            "EVP_MAC_final"
        )
    }
}

/// A MAC algorithm of libcrypto, looked up among its providers once.
///
/// Safe to share: a fetched EVP_MAC never changes, and its reference count is atomic.
private struct LibraryMAC: @unchecked Sendable {
    let pointer: OpaquePointer

    private init?(_ name: String) {
        guard let pointer = EVP_MAC_fetch(nil, name, nil) else { return nil }
        self.pointer = pointer
    }

    static let hmac = LibraryMAC("HMAC")
    static let cmac = LibraryMAC("CMAC")
}
