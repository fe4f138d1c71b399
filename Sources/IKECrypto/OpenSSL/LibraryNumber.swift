import COpenSSL

/// A BIGNUM, wiped when it is freed; numbers that are secret are calculated with in constant time.
struct LibraryNumber: ~Copyable {
    private let handle: LibraryObject

    var pointer: OpaquePointer { handle.pointer }

    /// A number from octets in network order.
    init(_ octets: UnsafeRawBufferPointer) throws(CryptoError) {
        let bytes = octets.assumingMemoryBound(to: UInt8.self)
        handle = try LibraryObject(
            BN_bin2bn(bytes.baseAddress, int32(bytes.count, "number"), nil),
            freedBy: BN_clear_free,
            "BN_bin2bn"
        )
        BN_set_flags(handle.pointer, BN_FLG_CONSTTIME)
    }

    /// The number in the machine's byte order, as OSSL_PARAM holds integers.
    func native(length: Int) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: length) { (octets) throws(CryptoError) in
            let bytes = octets.assumingMemoryBound(to: UInt8.self)
            try check(BN_bn2nativepad(pointer, bytes.baseAddress, int32(length, "number")), "BN_bn2nativepad")
        }
    }
}
