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

    /// The message with `header` whose payloads are all encrypted, ready to send.
    func seal(_ header: Header, _ payloads: [Payload]) throws(NegotiationFailure) -> [UInt8] {
        do {
            let (first, inner) = try PayloadChain.encode(payloads)
            let padLength = paddingLength(for: inner.count)
            let plaintext = inner + [UInt8](repeating: 0, count: padLength) + [UInt8(truncatingIfNeeded: padLength)]
            let bodyLength = suite.ivLength + plaintext.count + suite.icvLength
            let prefix = try EncryptedEnvelope.prefix(header: header, firstPayload: first, bodyLength: bodyLength)
            sealed &+= 1
            let iv = try sealer.makeIV(counter: sealed)
            return try prefix + iv + sealer.seal(iv: iv, aad: prefix, plaintext: plaintext)
        } catch {
            throw NegotiationFailure(.cryptography, "a message to the peer could not be built: \(error)")
        }
    }

    /// The payloads inside the SK payload that ends `message`; `bytes` are the whole message as received.
    func open(_ encrypted: Encrypted, of bytes: [UInt8]) throws(NegotiationFailure) -> [Payload] {
        let body = encrypted.body
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
        let inner = Array(plaintext.dropLast(Int(padLength) + 1))
        do {
            return try PayloadChain.decode(first: encrypted.firstPayload, inner, at: start + suite.ivLength)
        } catch {
            throw NegotiationFailure(
                .invalidMessage,
                "a message is authentic but malformed: \(error)",
                notify: Notify(.invalidSyntax)
            )
        }
    }

    /// Octets of padding that bring payloads and pad length to the cipher's block.
    private func paddingLength(for count: Int) -> Int {
        let remainder = (count + 1) % suite.blockLength
        return remainder == 0 ? 0 : suite.blockLength - remainder
    }
}
