import COpenSSL

/// An X509 of libcrypto.
///
/// Safe to share: it is not changed once it is decoded. libcrypto works out some things when they are first asked for and keeps
/// them, under a lock of the object's own; its reference count is atomic.
final class LibraryCertificate: @unchecked Sendable {
    private let handle: LibraryObject

    var pointer: OpaquePointer { handle.pointer }

    /// Decodes a certificate, its extensions included.
    init(der: [UInt8]) throws(CryptoError) {
        handle = try LibraryObject(decoding: der, as: "certificate", by: d2i_X509, freedBy: X509_free)
        // Reads the extensions that libcrypto knows, and marks the certificate when one of them breaks its grammar.
        let result = X509_check_purpose(handle.pointer, -1, 0)
        ERR_clear_error()
        guard result == 1, X509_get_extension_flags(handle.pointer) & UInt32(EXFLAG_INVALID) == 0 else {
            throw .malformed("certificate: an extension cannot be read")
        }
    }

    /// One of the extensions, decoded; `nil` if the certificate has none of this kind. Throws `malformed` for one that breaks its
    /// grammar or comes twice.
    func `extension`(
        _ number: Int32,
        freedBy free: @escaping @convention(c) (OpaquePointer?) -> Void
    ) throws(CryptoError) -> LibraryObject? {
        /// -1 for an extension that is not there, -2 for one that comes twice, else whether it is critical.
        var state: Int32 = 0
        let decoded = X509_get_ext_d2i(pointer, number, &state, nil)
        ERR_clear_error()
        guard let decoded else {
            guard state == -1 else { throw .malformed("certificate: an extension cannot be read") }
            return nil
        }
        return try LibraryObject(OpaquePointer(decoded), freedBy: free, "X509_get_ext_d2i")
    }

    /// The identifiers of the extended key usage, in digits and dots; `nil` if the certificate leaves its use open.
    func extendedKeyUsage() throws(CryptoError) -> Set<String>? {
        guard let usage = try self.extension(NID_ext_key_usage, freedBy: EXTENDED_KEY_USAGE_free) else { return nil }
        return Set(elements(of: usage.pointer).map { dottedText(of: OpaquePointer($0)) })
    }
}
