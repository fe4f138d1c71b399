import IKECrypto
import IKEWire

/// The AUTH payload by pre-shared key (RFC 7296 section 2.15).
///
/// Each end signs its own first message, the other's nonce, and its identity under its SK_p:
///
///     AUTH = prf(prf(PSK, "Key Pad for IKEv2"), message | nonce | prf(SK_p, ID body))
struct PreSharedKeyAuthentication {
    let key: SharedKey

    /// The AUTH payload of the end whose `role` is given; both ends compute both.
    func payload(
        of role: Role,
        identity: Identification,
        agreement: KeyAgreement
    ) throws(NegotiationFailure) -> Authentication {
        try agreement.sharedKeyMessageCode(of: role, identity: identity, key: key.secret)
    }

    /// Checks the peer's AUTH payload in constant time.
    func verify(
        _ received: Authentication,
        of role: Role,
        identity: Identification,
        agreement: KeyAgreement
    ) throws(NegotiationFailure) {
        guard received.method == .sharedKey else {
            throw NegotiationFailure(
                .authenticationFailed,
                "\(identity) authenticates by \(received.method), configured is a pre-shared key (auth = psk)",
                notify: Notify(.authenticationFailed)
            )
        }
        let expected = try payload(of: role, identity: identity, agreement: agreement)
        guard expected.isSame(as: received) else {
            throw NegotiationFailure(
                .authenticationFailed,
                "the pre-shared key of \(identity) does not match ours (secret \(key.name)); "
                    + "it must be the same on both sides",
                notify: Notify(.authenticationFailed)
            )
        }
    }
}

extension KeyAgreement {
    /// The AUTH payload of an end that shares a key with the other one.
    func sharedKeyMessageCode(
        of role: Role,
        identity: Identification,
        key: SecretBytes
    ) throws(NegotiationFailure) -> Authentication {
        let isInitiator = role == .initiator
        do {
            let data = try SharedKeyAuthentication.sign(
                prf: security.prf,
                psk: key,
                message: isInitiator ? requestBytes : responseBytes,
                peerNonce: isInitiator ? nonceR : nonceI,
                skP: isInitiator ? skPi : skPr,
                idBody: identity.bodyOctets
            )
            return Authentication(method: .sharedKey, data: data)
        } catch {
            throw NegotiationFailure(.cryptography, "the AUTH payload could not be computed: \(error)")
        }
    }
}

extension Authentication {
    /// Compares in constant time.
    func isSame(as other: Authentication) -> Bool {
        method == other.method && SecretBytes(copying: data) == SecretBytes(copying: other.data)
    }
}

extension Policy {
    /// The key for an SA between these identities, which the configuration must have.
    func requireSharedKey(
        local: Identification,
        remote: Identification
    ) throws(NegotiationFailure) -> PreSharedKeyAuthentication {
        guard let key = sharedKey(local: local, remote: remote) else {
            throw NegotiationFailure(
                .noSharedKey,
                "there is no pre-shared key for \(local) and \(remote); add secrets.ike… with id = \(remote)",
                notify: Notify(.authenticationFailed)
            )
        }
        return PreSharedKeyAuthentication(key: key)
    }
}
