/// The words that proposals are written with in `swanctl.conf`, and what they stand for.
enum ProposalKeywordTable {
    /// The transform of a word in lower case; nil if it is unknown or not supported.
    static func transform(for keyword: String) -> Transform? { supported[keyword] }

    /// The shortest word for a transform; nil where it is not supported.
    static func keyword(for transform: Transform) -> String? {
        supported.filter { $0.value == transform && $0.key != "aes" }.keys.min { ($0.count, $0) < ($1.count, $1) }
    }

    /// Words that strongSwan knows, for algorithms that are registered but not offered here: broken or weak ones
    /// (RFC 8247, RFC 8221), rare ones and ones still to come.
    static let unsupported: Set<String> = Set(
        ["3des", "des", "idea", "null", "blowfish", "blowfish128", "blowfish192", "blowfish256", "cast128"]
            + ["aes128gmac", "aes192gmac", "aes256gmac", "serpent", "twofish", "camellia"]
            + product(["camellia128", "camellia192", "camellia256"], ["", "ctr"] + icvLengths("ccm").map(\.0))
            + ["md5", "md5_128", "sha1_160", "sha256_96", "sha2_256_96", "camelliaxcbc"]
            + ["prfmd5", "prfcamelliaxcbc"]
            + ["modp768", "modp1024", "modp1536", "modp1024s160", "modp2048s224", "modp2048s256"]
            + ["ecp192", "ecp224", "ecp224bp", "newhope128", "ntru112", "ntru128", "ntru192", "ntru256"]
            + keyEncapsulations
            + product((1...7).map { "ke\($0)_" }, keyEncapsulations + ["none"] + keyExchanges.map(\.0))
    )

    /// Every transform that can be used, each once, in no order.
    static var allTransforms: Set<Transform> { Set(supported.values) }

    /// Every word that can be used, to suggest one for a misspelling.
    static var allSupported: some Collection<String> { supported.keys }

    private static let supported: [String: Transform] = Dictionary(
        ciphers + integrities.map { ($0, .integrity($1)) } + prfs.map { ($0, .prf($1)) }
            + keyExchanges.map { ($0, .keyExchange($1)) }
            + [("esn", .sequenceNumbers(.extended)), ("noesn", .sequenceNumbers(.standard))],
        uniquingKeysWith: { first, _ in first }
    )
}

// MARK: - The words of each type

extension ProposalKeywordTable {
    /// Ciphers with their key lengths; without a number AES means 128 bits. No other implementation has words for implicit IVs
    /// ("iiv"); the length of the integrity check value is part of those, since others are not registered (RFC 8750).
    private static var ciphers: [(String, Transform)] {
        var ciphers: [(String, Transform)] = [
            ("aes", .encryption(.aesCBC, keyLength: 128)),
            ("chacha20poly1305", .encryption(.chaCha20Poly1305)),
            ("chacha20poly1305iiv", .encryption(.chaCha20Poly1305ImplicitIV)),
        ]
        for bits in [128, 192, 256] {
            ciphers.append(("aes\(bits)", .encryption(.aesCBC, keyLength: bits)))
            ciphers.append(("aes\(bits)ctr", .encryption(.aesCTR, keyLength: bits)))
            for (mode, octets) in icvLengths("ccm") {
                let algorithm: EncryptionAlgorithm = [8: .aesCCM8, 12: .aesCCM12][octets] ?? .aesCCM16
                ciphers.append(("aes\(bits)\(mode)", .encryption(algorithm, keyLength: bits)))
            }
            ciphers.append(("aes\(bits)ccm8iiv", .encryption(.aesCCM8ImplicitIV, keyLength: bits)))
            ciphers.append(("aes\(bits)gcm16iiv", .encryption(.aesGCM16ImplicitIV, keyLength: bits)))
            for (mode, octets) in icvLengths("gcm") {
                let algorithm: EncryptionAlgorithm = [8: .aesGCM8, 12: .aesGCM12][octets] ?? .aesGCM16
                ciphers.append(("aes\(bits)\(mode)", .encryption(algorithm, keyLength: bits)))
            }
        }
        return ciphers
    }

    /// The length of the integrity check value can be given in octets or bits; 16 octets if it is not given.
    private static func icvLengths(_ mode: String) -> [(String, octets: Int)] {
        [("\(mode)8", 8), ("\(mode)64", 8), ("\(mode)12", 12), ("\(mode)96", 12)]
            + [("\(mode)16", 16), ("\(mode)128", 16), (mode, 16)]
    }

    private static let integrities: [(String, IntegrityAlgorithm)] = [
        ("sha", .hmacSHA1_96), ("sha1", .hmacSHA1_96), ("sha256", .hmacSHA2_256_128), ("sha2_256", .hmacSHA2_256_128),
        ("sha384", .hmacSHA2_384_192), ("sha2_384", .hmacSHA2_384_192), ("sha512", .hmacSHA2_512_256),
        ("sha2_512", .hmacSHA2_512_256), ("aesxcbc", .aesXCBC_96), ("aescmac", .aesCMAC_96),
    ]

    private static let prfs: [(String, PRFAlgorithm)] = [
        ("prfsha1", .hmacSHA1), ("prfsha256", .hmacSHA2_256), ("prfsha384", .hmacSHA2_384),
        ("prfsha512", .hmacSHA2_512), ("prfaesxcbc", .aes128XCBC), ("prfaescmac", .aes128CMAC),
    ]

    private static let keyExchanges: [(String, KeyExchangeMethod)] = [
        ("modpnone", .none), ("modp2048", .modp2048), ("modp3072", .modp3072), ("modp4096", .modp4096),
        ("modp6144", .modp6144), ("modp8192", .modp8192), ("ecp256", .ecp256), ("ecp384", .ecp384),
        ("ecp521", .ecp521), ("ecp256bp", .brainpool256), ("ecp384bp", .brainpool384), ("ecp512bp", .brainpool512),
        ("curve25519", .curve25519), ("x25519", .curve25519), ("curve448", .curve448), ("x448", .curve448),
    ]

    private static let keyEncapsulations = ["mlkem512", "mlkem768", "mlkem1024"]

    private static func product(_ first: [String], _ second: [String]) -> [String] {
        first.flatMap { start in second.map { start + $0 } }
    }
}
