import IKECrypto

/// A random source that gives out prepared octets: the private keys of published vectors.
final class FixedRandom: RandomSource {
    private var rest: ArraySlice<UInt8>

    init(_ octets: [UInt8]) { rest = octets[...] }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        precondition(rest.count >= buffer.count, "the prepared octets are used up")
        buffer.copyBytes(from: rest.prefix(buffer.count))
        rest = rest.dropFirst(buffer.count)
    }
}

extension SecretBytes {
    /// The content, for comparing with a vector.
    var exposed: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
