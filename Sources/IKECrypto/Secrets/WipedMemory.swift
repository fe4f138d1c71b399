import COpenSSL

/// Memory at a fixed address, zero at first, that is wiped before it is freed.
struct WipedMemory: ~Copyable, @unchecked Sendable {
    /// Never `nil`: libcrypto reads that as "not given", which no octets are not.
    let octets: UnsafeMutablePointer<UInt8>
    let count: Int

    init(count: Int) {
        octets = .allocate(capacity: max(count, 1))
        octets.initialize(repeating: 0, count: max(count, 1))
        self.count = count
    }

    deinit {
        wipe(raw)
        octets.deallocate()
    }

    var raw: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: octets, count: count) }
}

/// Overwrites memory in a way that the optimiser does not remove.
func wipe(_ memory: UnsafeMutableRawBufferPointer) {
    OPENSSL_cleanse(memory.baseAddress, memory.count)
}
