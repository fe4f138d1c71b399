import IKECrypto
import IKEWire

// What every exchange with a key exchange in it has in common (RFC 7296 sections 1.2, 1.3 and 2.10).

/// Octets in a nonce: at least half the key size of the strongest PRF (RFC 7296 section 2.10).
let nonceLength = 32

func makeKeyExchange(
    _ method: KeyExchangeMethod,
    _ random: any RandomSource
) throws(NegotiationFailure) -> KeyExchange {
    do {
        return try KeyExchange(method, random: random)
    } catch {
        throw NegotiationFailure(.unsupported, "the key exchange \(method) cannot be used: \(error)")
    }
}

func sharedSecret(
    _ keyExchange: KeyExchange,
    _ peer: KeyExchangePayload
) throws(NegotiationFailure) -> SecretBytes {
    do {
        return try keyExchange.sharedSecret(with: peer.data)
    } catch {
        throw NegotiationFailure(
            .invalidKeyExchange,
            "the peer's public value for \(peer.method) is refused: \(error)",
            notify: Notify(.invalidSyntax)
        )
    }
}

/// The group that an INVALID_KE_PAYLOAD names, if it is one that we offered and did not just use (RFC 7296 section 1.3).
func requestedMethod(
    _ notify: Notify,
    offered: [Proposal],
    current: KeyExchangeMethod
) throws(NegotiationFailure) -> KeyExchangeMethod {
    guard notify.data.count == 2 else {
        throw NegotiationFailure(.invalidMessage, "INVALID_KE_PAYLOAD carries \(notify.data.count) octets, not 2")
    }
    let method = KeyExchangeMethod(rawValue: UInt16(notify.data[0]) << 8 | UInt16(notify.data[1]))
    let isOffered = offered.contains { $0.transforms(of: .keyExchange).contains { $0.id == method.rawValue } }
    guard isOffered, method != current else {
        throw NegotiationFailure(
            .invalidKeyExchange,
            "the peer wants the key exchange \(method), we offer \(ProposalSelection.list(offered))"
        )
    }
    return method
}

/// The responder's part of a key exchange in CREATE_CHILD_SA.
enum KeyExchangeResponder {
    /// Our KE payload and the shared secret; nothing where the agreed proposal has no key exchange.
    static func answer(
        _ peerValue: KeyExchangePayload?,
        agreed method: KeyExchangeMethod,
        random: any RandomSource
    ) throws(NegotiationFailure) -> (payloads: [Payload], secret: SecretBytes?) {
        guard method != .none else { return ([], nil) }
        guard let peerValue, peerValue.method == method else {
            throw NegotiationFailure(
                .invalidKeyExchange,
                "the peer's public value is for \(peerValue?.method ?? .none), agreed is \(method); asking for that",
                notify: Notify(.invalidKEPayload, data: method.rawValue.bigEndianBytes)
            )
        }
        let keyExchange = try makeKeyExchange(method, random)
        let secret = try sharedSecret(keyExchange, peerValue)
        let payload = KeyExchangePayload(method: method, data: keyExchange.publicValue)
        return ([Payload(.keyExchange(payload))], secret)
    }
}
