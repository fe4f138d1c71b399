import IKECrypto
import IKEWire

/// Seals and opens the SK payload of one IKE SA (RFC 7296 section 3.14; RFC 5282 for AEAD ciphers).
///
/// Each direction has its own keys: what we send is sealed with ours, what arrives is opened with the peer's.
final class MessageProtection {
    let suite: CipherSuite
    private let sealer: PacketCipher
    private let opener: PacketCipher
    private var sealed: UInt64 = 0

    init(suite: CipherSuite, keys: IKEKeys, role: Role) throws(CryptoError) {
        self.suite = suite
        let initiator = CipherKeys(encryption: keys.ei, integrity: keys.ai)
        let responder = CipherKeys(encryption: keys.er, integrity: keys.ar)
        let isInitiator = role == .initiator
        sealer = try PacketCipher(suite, keys: isInitiator ? initiator : responder, direction: .seal)
        opener = try PacketCipher(suite, keys: isInitiator ? responder : initiator, direction: .open)
    }

    /// The message with `header` whose payloads are all encrypted, as the datagrams that carry it: one, or fragments where it
    /// would exceed `limit` octets (RFC 7383 section 2.5).
    func seal(_ header: Header, _ payloads: [Payload], limit: Int?) throws(NegotiationFailure) -> [[UInt8]] {
        do {
            let (first, inner) = try PayloadChain.encode(payloads)
            if let limit, Self.envelopeLength + sealedLength(inner.count) > limit {
                return try fragments(header, first, inner, limit: limit)
            }
            let prefix = try EncryptedEnvelope.prefix(
                header: header,
                firstPayload: first,
                bodyLength: sealedLength(inner.count)
            )
            return [try seal(inner, behind: prefix)]
        } catch {
            throw NegotiationFailure(.cryptography, "a message to the peer could not be built: \(error)")
        }
    }

    /// Octets of payloads that make a message in one piece of `limit` octets, or so many less as the cipher's blocks ask for.
    func room(in limit: Int) -> Int {
        let room = limit - Self.envelopeLength - suite.ivLength - suite.icvLength
        return max(0, room / suite.blockLength * suite.blockLength - 1)
    }

    /// Header and generic payload header.
    private static let envelopeLength = Header.length + 4
    /// The numbers of a fragment.
    private static let fragmentNumbersLength = 4

    private func fragments(
        _ header: Header,
        _ first: PayloadType,
        _ inner: [UInt8],
        limit: Int
    ) throws -> [[UInt8]] {
        let room = limit - Self.envelopeLength - Self.fragmentNumbersLength - suite.ivLength - suite.icvLength
        let chunk = max(1, room / suite.blockLength * suite.blockLength - 1)
        guard let total = UInt16(exactly: (inner.count + chunk - 1) / chunk) else {
            throw NegotiationFailure(.cryptography, "a message of \(inner.count) octets is too long for fragments")
        }
        return try (1...max(1, total)).map { number in
            let start = (Int(number) - 1) * chunk
            let part = Array(inner[start..<min(start + chunk, inner.count)])
            let prefix = try EncryptedEnvelope.fragmentPrefix(
                header: header,
                firstPayload: first,
                number: number,
                total: total,
                bodyLength: sealedLength(part.count)
            )
            return try seal(part, behind: prefix)
        }
    }

    private func seal(_ inner: [UInt8], behind prefix: [UInt8]) throws(CryptoError) -> [UInt8] {
        let padLength = paddingLength(for: inner.count)
        let plaintext = inner + [UInt8](repeating: 0, count: padLength) + [UInt8(truncatingIfNeeded: padLength)]
        sealed &+= 1
        let iv = try sealer.makeIV(counter: sealed)
        return try prefix + iv + sealer.seal(iv: iv, aad: prefix, plaintext: plaintext)
    }

    /// Octets of IV, ciphertext and ICV around `count` octets of payloads.
    private func sealedLength(_ count: Int) -> Int {
        suite.ivLength + count + paddingLength(for: count) + 1 + suite.icvLength
    }

    /// The payloads inside the SK payload that ends a message; `bytes` are the whole message as received.
    func open(_ encrypted: Encrypted, of bytes: [UInt8]) throws(NegotiationFailure) -> [Payload] {
        let inner = try open(body: encrypted.body, of: bytes)
        return try decode(first: encrypted.firstPayload, inner, at: bytes.count - encrypted.body.count + suite.ivLength)
    }

    /// The part of a message that is inside an SKF payload.
    func open(_ fragment: EncryptedFragment, of bytes: [UInt8]) throws(NegotiationFailure) -> [UInt8] {
        try open(body: fragment.body, of: bytes)
    }

    /// The payloads of a message that has been put together from fragments.
    func decode(
        first: PayloadType,
        _ inner: [UInt8],
        at offset: Int = 0
    ) throws(NegotiationFailure) -> [Payload] {
        do {
            return try PayloadChain.decode(first: first, inner, at: offset)
        } catch {
            throw NegotiationFailure(
                .invalidMessage,
                "a message is authentic but malformed: \(error)",
                notify: Notify(.invalidSyntax)
            )
        }
    }

    private func open(body: [UInt8], of bytes: [UInt8]) throws(NegotiationFailure) -> [UInt8] {
        let start = bytes.count - body.count
        guard start >= 0, body.count >= suite.ivLength + suite.icvLength + 1 else {
            throw NegotiationFailure(.invalidMessage, "the encrypted payload is too short for \(suite)")
        }
        let plaintext: [UInt8]
        do {
            plaintext = try opener.open(
                iv: Array(body.prefix(suite.ivLength)),
                aad: Array(bytes.prefix(start)),
                ciphertextAndICV: Array(body.dropFirst(suite.ivLength))
            )
        } catch {
            throw NegotiationFailure(.invalidMessage, "a message did not pass its integrity check")
        }
        guard let padLength = plaintext.last, Int(padLength) < plaintext.count else {
            throw NegotiationFailure(.invalidMessage, "the padding of an encrypted payload exceeds it")
        }
        return Array(plaintext.dropLast(Int(padLength) + 1))
    }

    /// Octets of padding that bring payloads and pad length to the cipher's block.
    private func paddingLength(for count: Int) -> Int {
        let remainder = (count + 1) % suite.blockLength
        return remainder == 0 ? 0 : suite.blockLength - remainder
    }
}
