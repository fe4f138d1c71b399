// `Array.withUnsafeBytes` rethrows `any Error`; these lend the same octets and keep the error's type.

extension [UInt8] {
    func withOctets<R>(_ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R) throws(CryptoError) -> R {
        try withUnsafeBufferPointer { (octets) throws(CryptoError) in try body(UnsafeRawBufferPointer(octets)) }
    }

    mutating func withMutableOctets<R>(
        _ body: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try withUnsafeMutableBufferPointer { (octets) throws(CryptoError) in
            try body(UnsafeMutableRawBufferPointer(octets))
        }
    }
}
