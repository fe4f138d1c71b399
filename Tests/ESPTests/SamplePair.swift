import ESP
import IKECrypto
import IKEWire
import Inet
import Testing

/// Both halves of one direction of a CHILD SA, keyed alike: what one side seals the other one opens.
struct SamplePair {
    let outbound: OutboundSA
    let inbound: InboundSA

    static let spi = ESPSPI(rawValue: 0xc012_3456)

    init(
        _ suite: CipherSuite = .aes256GCM,
        sequenceNumbers: SequenceNumbers = .standard,
        windowSize: Int = 64,
        lastSequence: UInt64 = 0,
        highestReceived: UInt64? = nil,
        selectors: SelectorSet = .everything,
        headerPolicy: TunnelHeaderPolicy = TunnelHeaderPolicy()
    ) throws {
        outbound = try OutboundSA(
            spi: Self.spi,
            suite: suite,
            keys: CipherKeys.sample(suite),
            sequenceNumbers: sequenceNumbers,
            lastSequence: lastSequence
        )
        inbound = try InboundSA(
            spi: Self.spi,
            suite: suite,
            keys: CipherKeys.sample(suite),
            sequenceNumbers: sequenceNumbers,
            window: #require(ReplayWindow(size: windowSize, highest: highestReceived ?? lastSequence)),
            selectors: selectors,
            headerPolicy: headerPolicy
        )
    }
}

// MARK: - Arrays instead of spans

extension OutboundSA {
    /// The ESP packet around an inner packet. `room` octets of another packet follow the inner one and must survive.
    func sealed(_ inner: [UInt8], room: Int = 32, outputLength: Int = 4096) throws(ESPError) -> [UInt8] {
        let neighbour = (0..<room).map { UInt8(truncatingIfNeeded: 0xa0 + $0) }
        var source = inner + neighbour
        var output = [UInt8](repeating: 0xee, count: outputLength)
        var sourceSpan = source.mutableSpan
        var sourceOctets = sourceSpan.mutableBytes
        var outputSpan = output.mutableSpan
        var outputOctets = outputSpan.mutableBytes
        let length = try seal(&sourceOctets, innerLength: inner.count, into: &outputOctets)
        #expect(source == inner + neighbour, "the source is as it was")
        #expect(output[length...].allSatisfy { $0 == 0xee }, "nothing is written behind the packet")
        return Array(output[..<length])
    }

    func sealedDummy(payloadLength: Int) throws(ESPError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 4096)
        var outputSpan = output.mutableSpan
        var outputOctets = outputSpan.mutableBytes
        let length = try sealDummy(payloadLength: payloadLength, into: &outputOctets)
        return Array(output[..<length])
    }
}

extension InboundSA {
    /// The inner packet of an ESP packet; nil for a dummy.
    func opened(_ packet: [UInt8], outer: TrafficClass? = nil) throws(ESPError) -> [UInt8]? {
        var octets = packet
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        guard let range = try open(&bytes, outer: outer) else { return nil }
        return Array(octets[range])
    }

    /// Why a packet is not opened; nil if it is.
    func refusal(_ packet: [UInt8]) -> ESPError? {
        do throws(ESPError) {
            _ = try opened(packet)
            return nil
        } catch {
            return error
        }
    }
}

// MARK: - Suites, keys and selectors

extension CipherKeys {
    /// Keys that differ in every octet.
    static func sample(_ suite: CipherSuite) -> CipherKeys {
        CipherKeys(
            encryption: SecretBytes(copying: (0..<suite.encryptionKeyLength).map { UInt8($0) }),
            integrity: SecretBytes(copying: (0..<suite.integrityKeyLength).map { UInt8(0x80 + $0) })
        )
    }
}

extension CipherSuite {
    static let aes256GCM = named(.aesGCM16, 256)

    /// Every suite that ESP can negotiate.
    static let all: [CipherSuite] = {
        let aead: [EncryptionAlgorithm] = [.aesGCM8, .aesGCM12, .aesGCM16, .aesCCM8, .aesCCM12, .aesCCM16]
        let integrity: [IntegrityAlgorithm] = [
            .hmacSHA1_96, .hmacSHA2_256_128, .hmacSHA2_384_192, .hmacSHA2_512_256, .aesXCBC_96, .aesCMAC_96,
        ]
        let keyLengths = [128, 192, 256]
        return aead.flatMap { cipher in keyLengths.map { named(cipher, $0) } }
            + [named(.chaCha20Poly1305, nil)] + implicitIV
            + [.aesCBC, .aesCTR].flatMap { cipher in
                keyLengths.flatMap { length in integrity.map { named(cipher, length, $0) } }
            }
    }()

    /// Those whose packets carry no IV.
    static let implicitIV = [
        named(.aesGCM16ImplicitIV, 128), named(.aesGCM16ImplicitIV, 192), named(.aesGCM16ImplicitIV, 256),
        named(.aesCCM8ImplicitIV, 128), named(.aesCCM8ImplicitIV, 256), named(.chaCha20Poly1305ImplicitIV, nil),
    ]

    /// One suite for each way in which ciphers differ.
    static let oneOfEachKind = [
        aes256GCM, named(.aesGCM8, 128), named(.aesCCM16, 256), named(.chaCha20Poly1305, nil),
        named(.aesCBC, 256, .hmacSHA2_256_128), named(.aesCBC, 128, .aesXCBC_96),
        named(.aesCTR, 256, .hmacSHA2_512_256), named(.aesGCM16ImplicitIV, 256),
    ]

    /// A suite that exists; a test that names another is at fault itself.
    static func named(
        _ encryption: EncryptionAlgorithm,
        _ keyLength: Int?,
        _ integrity: IntegrityAlgorithm? = nil
    ) -> CipherSuite {
        do {
            return try CipherSuite(encryption: encryption, keyLength: keyLength, integrity: integrity)
        } catch {
            preconditionFailure("no suite: \(error)")
        }
    }
}

extension SelectorSet {
    static let everything = SelectorSet(
        sources: [.all(.v4), .all(.v6)],
        destinations: [.all(.v4), .all(.v6)]
    )
}
