import COpenSSL

/// The functions with which a provider of libcrypto implements one cipher, as provider-cipher(7) describes them.
///
/// EVP calls the same functions, but asks the provider for the length of the IV before each message, and both look their
/// parameters up by comparing names: of what sealing 64 octets with AES-GCM costs, EVP of OpenSSL 3.0 is more than
/// 40 %. Whoever calls them directly says that length, and has to keep EVP's promises: a key as long as the cipher's.
///
/// Function pointers into a provider that stays loaded, because `LibraryCipher` keeps what it has fetched.
struct CipherFunctions {
    typealias Initialize =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UnsafePointer<OSSL_PARAM>?
        ) -> Int32

    /// What the provider keeps for all its algorithms.
    let provider: UnsafeMutableRawPointer?
    let newContext: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
    let freeContext: @convention(c) (UnsafeMutableRawPointer?) -> Void
    /// Takes a key, an IV, or both.
    let beginEncryption: Initialize
    let beginDecryption: Initialize
    let update:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>?, Int,
            UnsafePointer<UInt8>?, Int
        ) -> Int32
    let finish:
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>?, Int) ->
            Int32
    let getParameters: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<OSSL_PARAM>?) -> Int32
    let setParameters: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<OSSL_PARAM>?) -> Int32

    /// Those of a fetched cipher; nil if its provider has none by that name, or not all of them.
    init?(of cipher: OpaquePointer, named name: String) {
        guard let provider = EVP_CIPHER_get0_provider(cipher),
            let implementation = Self.implementation(of: name, by: provider)
        else { return nil }
        var table: [Int32: OSSL_DISPATCH] = [:]
        var entry = implementation
        while entry.pointee.function_id != 0 {
            table[entry.pointee.function_id] = entry.pointee
            entry += 1
        }
        func function<Function>(_ number: Int32, _ read: (UnsafePointer<OSSL_DISPATCH>) -> Function?) -> Function? {
            guard let entry = table[number] else { return nil }
            return withUnsafePointer(to: entry, read)
        }
        guard let newContext = function(OSSL_FUNC_CIPHER_NEWCTX, OSSL_FUNC_cipher_newctx),
            let freeContext = function(OSSL_FUNC_CIPHER_FREECTX, OSSL_FUNC_cipher_freectx),
            let beginEncryption = function(OSSL_FUNC_CIPHER_ENCRYPT_INIT, OSSL_FUNC_cipher_encrypt_init),
            let beginDecryption = function(OSSL_FUNC_CIPHER_DECRYPT_INIT, OSSL_FUNC_cipher_decrypt_init),
            let update = function(OSSL_FUNC_CIPHER_UPDATE, OSSL_FUNC_cipher_update),
            let finish = function(OSSL_FUNC_CIPHER_FINAL, OSSL_FUNC_cipher_final),
            let getParameters = function(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, OSSL_FUNC_cipher_get_ctx_params),
            let setParameters = function(OSSL_FUNC_CIPHER_SET_CTX_PARAMS, OSSL_FUNC_cipher_set_ctx_params)
        else { return nil }
        self.provider = OSSL_PROVIDER_get0_provider_ctx(provider)
        self.newContext = newContext
        self.freeContext = freeContext
        self.beginEncryption = beginEncryption
        self.beginDecryption = beginDecryption
        self.update = update
        self.finish = finish
        self.getParameters = getParameters
        self.setParameters = setParameters
    }

    /// The provider's functions for a name, closed by an entry with the number 0. The provider is never told that its answer is
    /// done with, since the functions stay in use.
    private static func implementation(of name: String, by provider: OpaquePointer) -> UnsafePointer<OSSL_DISPATCH>? {
        var isVolatile: Int32 = 0
        guard var algorithm = OSSL_PROVIDER_query_operation(provider, OSSL_OP_CIPHER, &isVolatile) else { return nil }
        while let names = algorithm.pointee.algorithm_names {
            let isNamed = String(cString: names).split(separator: ":").contains { $0.lowercased() == name.lowercased() }
            if isNamed { return algorithm.pointee.implementation }
            algorithm += 1
        }
        return nil
    }
}
