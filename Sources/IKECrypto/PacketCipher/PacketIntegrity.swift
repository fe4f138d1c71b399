import IKEWire

/// The integrity algorithm that a suite has beside its cipher, keyed, and room for the code of one packet.
///
/// An object of its own: most SAs have an AEAD and no need for any of it.
final class PacketIntegrity {
    private let authenticator: Authenticator
    private let memory = WipedMemory(count: Authenticator.largestLength)

    init(_ algorithm: IntegrityAlgorithm, key: SecretBytes) throws(CryptoError) {
        authenticator = try Authenticator(algorithm, key: key)
    }

    /// The untruncated code of four parts as if they stood one after the other. It is overwritten by the next.
    @inline(__always)
    func code(
        of first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer,
        _ third: UnsafeRawBufferPointer,
        _ fourth: UnsafeRawBufferPointer
    ) throws(CryptoError) -> UnsafeRawPointer {
        try authenticator.start()
        try authenticator.update(first.baseAddress, count: first.count)
        try authenticator.update(second.baseAddress, count: second.count)
        try authenticator.update(third.baseAddress, count: third.count)
        try authenticator.update(fourth.baseAddress, count: fourth.count)
        try authenticator.finish(to: memory.octets)
        return UnsafeRawPointer(memory.octets)
    }
}
