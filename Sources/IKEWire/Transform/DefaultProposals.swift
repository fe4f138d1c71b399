/// What is proposed and accepted where a configuration says "default" or nothing.
///
/// Only algorithms that RFC 8247 and RFC 8221 neither forbid nor advise against, AEAD ciphers first, no SHA-1. As long as both
/// ends support it, the first of each type is what they agree on. The key exchange methods begin with those that are cheap
/// and small; MODP-2048 is last because it must be there for old peers.
extension Proposal {
    /// For the IKE SA.
    package static let defaultIKE: [Proposal] = [
        Proposal(
            number: 1,
            protocolID: .ike,
            transforms: aeadCiphers + hashes.map { .prf($0.prf) } + keyExchangeMethods.map(Transform.keyExchange)
        ),
        Proposal(
            number: 2,
            protocolID: .ike,
            transforms: plainCiphers + hashes.map { .integrity($0.integrity) } + hashes.map { .prf($0.prf) }
                + keyExchangeMethods.map(Transform.keyExchange)
        ),
    ]

    /// For CHILD SAs; each needs an SPI before it is sent.
    ///
    /// No key exchange: the first CHILD SA has none, and a peer may refuse one it has not been told of.
    package static let defaultESP: [Proposal] = [
        Proposal(number: 1, protocolID: .esp, transforms: aeadCiphers + counters),
        Proposal(
            number: 2,
            protocolID: .esp,
            transforms: plainCiphers + hashes.map { .integrity($0.integrity) } + counters
        ),
    ]

    private static let aeadCiphers: [Transform] = [
        .encryption(.aesGCM16, keyLength: 256),
        .encryption(.chaCha20Poly1305),
        .encryption(.aesGCM16, keyLength: 128),
    ]

    private static let plainCiphers: [Transform] = [
        .encryption(.aesCBC, keyLength: 256),
        .encryption(.aesCBC, keyLength: 128),
    ]

    private static let hashes: [(integrity: IntegrityAlgorithm, prf: PRFAlgorithm)] = [
        (.hmacSHA2_256_128, .hmacSHA2_256),
        (.hmacSHA2_384_192, .hmacSHA2_384),
        (.hmacSHA2_512_256, .hmacSHA2_512),
    ]

    private static let keyExchangeMethods: [KeyExchangeMethod] = [
        .curve25519, .ecp256, .ecp384, .ecp521, .curve448, .modp3072, .modp4096, .modp2048,
    ]

    private static let counters: [Transform] = [.sequenceNumbers(.extended), .sequenceNumbers(.standard)]
}
