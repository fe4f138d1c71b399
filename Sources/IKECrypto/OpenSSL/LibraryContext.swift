import COpenSSL

/// Runs `body` with the algorithms of these providers alone, those that are there, and forgets them afterwards.
///
/// They hold for this thread and within `body` only. Nothing that libcrypto made in there may leave it: an object keeps referring to
/// the providers it came from.
func withAlgorithms<R, E: Error>(of providers: [String], _ body: () throws(E) -> R) throws(E) -> R {
    guard let context = OSSL_LIB_CTX_new() else { return try body() }
    defer { OSSL_LIB_CTX_free(context) }
    let loaded = providers.compactMap { OSSL_PROVIDER_load(context, $0) }
    ERR_clear_error()
    defer { for provider in loaded.reversed() { OSSL_PROVIDER_unload(provider) } }
    let before = OSSL_LIB_CTX_set0_default(context)
    defer { OSSL_LIB_CTX_set0_default(before) }
    return try body()
}
