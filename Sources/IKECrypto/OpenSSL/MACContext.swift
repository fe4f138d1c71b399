import COpenSSL

/// A message authentication code of libcrypto that has its key; each message only starts it anew.
struct MACContext: ~Copyable {
    /// What the code is built of. The raw value is libcrypto's name of the digest or cipher.
    enum Construction: String {
        case hmacSHA1 = "SHA1"
        case hmacSHA2_256 = "SHA256"
        case hmacSHA2_384 = "SHA384"
        case hmacSHA2_512 = "SHA512"
        case cmacAES128 = "AES-128-CBC"

        /// Octets of the untruncated code.
        var length: Int {
            switch self {
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
        guard let algorithm else { throw .unsupported(construction.rawValue) }
        let handle = try LibraryObject(EVP_MAC_CTX_new(algorithm.pointer), freedBy: EVP_MAC_CTX_free, "EVP_MAC_CTX_new")
        let context = handle.pointer
        let result = construction.rawValue.withCString { name in
            let name = UnsafeMutablePointer(mutating: name)
            let parameters = ParameterList(
                construction == .cmacAES128 ? ossl_param_mac_cipher(name) : ossl_param_mac_digest(name)
            )
            return key.withUnsafeBytes {
                EVP_MAC_init(context, $0.assumingMemoryBound(to: UInt8.self).baseAddress, $0.count, parameters.first)
            }
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
