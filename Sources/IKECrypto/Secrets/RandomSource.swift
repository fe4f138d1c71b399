/// Where nonces, SPIs and private keys come from. Injected, so that a simulation repeats from its seed.
package protocol RandomSource: AnyObject {
    /// Fills the whole buffer. A source that cannot deliver must not return.
    func fill(_ buffer: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    /// `count` random octets that are no secret: nonces, cookies, SPIs.
    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let octets = UnsafeMutableRawBufferPointer(buffer)
            octets.initializeMemory(as: UInt8.self, repeating: 0)
            fill(UnsafeMutableRawBufferPointer(rebasing: octets[..<count]))
            initializedCount = count
        }
    }

    /// `count` random octets that are a secret, written straight into memory that is wiped.
    package func secret(_ count: Int) -> SecretBytes {
        SecretBytes(count: count) { fill($0) }
    }

    package func uint32() -> UInt32 {
        var number: UInt32 = 0
        withUnsafeMutableBytes(of: &number) { fill($0) }
        return number
    }

    package func uint64() -> UInt64 {
        var number: UInt64 = 0
        withUnsafeMutableBytes(of: &number) { fill($0) }
        return number
    }
}
