import COpenSSL

/// A key that signs. Never printed; libcrypto wipes its numbers when the last copy goes.
package struct PrivateKey: Sendable {
    /// The half that verifies, and the only one that leaves.
    package let publicKey: PublicKey
    private let storage: Storage

    /// Safe to share: the key is not changed once it is made, and libcrypto lets any number of threads use one EVP_PKEY, each
    /// with a context of its own.
    private final class Storage: @unchecked Sendable {
        let key: LibraryKey

        init(_ key: consuming LibraryKey) { self.key = key }
    }

    /// Lent for as long as the key itself is held.
    var pointer: OpaquePointer { storage.key.pointer }

    /// Takes over a key of libcrypto's that has its private half. Throws `unsupported` for a kind that does not sign here.
    init(_ key: consuming LibraryKey) throws(CryptoError) {
        publicKey = try PublicKey(
            subjectPublicKeyInfo: encoded(key.pointer, by: i2d_PUBKEY, "i2d_PUBKEY")
        )
        storage = Storage(key)
    }

    /// Signs a message. Throws `unsupported` for a scheme that does not fit the key.
    package func sign(_ message: [UInt8], by scheme: SignatureScheme) throws(CryptoError) -> [UInt8] {
        guard scheme.fits(publicKey) else { throw .unsupported("\(scheme) with a key of kind \(publicKey.kind)") }
        return try scheme.signature(
            fromLibrary: storage.key.signature(of: message, by: scheme),
            for: publicKey
        )
    }
}

// MARK: - Nothing to see

extension PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "private half of \(publicKey)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
