import COpenSSL

/// What libcrypto writes, kept in memory that is wiped.
struct MemoryOutput: ~Copyable {
    private let handle: LibraryObject

    var pointer: OpaquePointer { handle.pointer }

    init() throws(CryptoError) {
        handle = try LibraryObject(BIO_new(BIO_s_secmem()), freedBy: BIO_free_all, "BIO_new")
    }

    /// All that was written since the last call.
    func contents() throws(CryptoError) -> SecretBytes {
        let count = BIO_ctrl_pending(pointer)
        guard count > 0 else { return .empty }
        let length = try int32(count, "output")
        return try SecretBytes(count: count) { (octets) throws(CryptoError) in
            try check(BIO_read(pointer, octets.baseAddress, length), "BIO_read")
        }
    }
}

extension MemoryOutput {
    /// The octets of what is no secret.
    func octets() throws(CryptoError) -> [UInt8] { try contents().withUnsafeBytes { Array($0) } }
}
