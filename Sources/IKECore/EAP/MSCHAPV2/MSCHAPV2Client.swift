import IKECrypto
import IKEWire

/// EAP-MSCHAPv2, the client's side.
///
///     Challenge               Response
///     Success "S=..."         acknowledgement, if the server knows the password too
///     Failure "E=..."         acknowledgement
struct MSCHAPV2Client: EAPClientMethod {
    private enum State {
        case awaitingChallenge
        case responded(MSCHAPV2Proof)
        case done(EAPOutcome)
        case refused(NegotiationFailure)
    }

    private let identity: [UInt8]
    private let password: SecretBytes
    private let random: any RandomSource
    private var state = State.awaitingChallenge

    init(identity: [UInt8], password: SecretBytes, random: any RandomSource) {
        self.identity = identity
        self.password = password
        self.random = random
    }

    var outcome: EAPOutcome? {
        guard case .done(let outcome) = state else { return nil }
        return outcome
    }

    var failure: NegotiationFailure? {
        guard case .refused(let failure) = state else { return nil }
        return failure
    }

    mutating func respond(to request: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> [UInt8] {
        let packet: MSCHAPV2Packet
        do throws(WireError) {
            packet = try MSCHAPV2Packet(parsingRequest: request)
        } catch {
            throw .malformedEAP("the server's EAP-MSCHAPv2 request cannot be read: \(error)")
        }
        guard let answer = try answer(to: packet)?.encoded else {
            throw .malformedEAP("the server's EAP-MSCHAPv2 request is not one that may come now")
        }
        return answer
    }

    /// Nil for a packet that may not come now.
    private mutating func answer(to packet: MSCHAPV2Packet) throws(NegotiationFailure) -> MSCHAPV2Packet? {
        switch (state, packet) {
        case (.awaitingChallenge, .challenge(let id, let challenge, _)):
            return try respond(to: challenge, id: id)
        case (.responded(let proof), .success(_, let text)):
            return try accept(text, proof)
        case (.responded, .failure(_, let text)):
            state = .refused(
                .eap("the server refuses \"\(eapText(identity))\" by EAP-MSCHAPv2: \(Self.reason(in: text))")
            )
            return .failureAcknowledgement
        default:
            return nil
        }
    }

    private mutating func respond(to challenge: [UInt8], id: UInt8) throws(NegotiationFailure) -> MSCHAPV2Packet {
        let own = random.bytes(challenge.count)
        do throws(CryptoError) {
            let proof = try MSCHAPV2Proof(
                authenticatorChallenge: challenge,
                peerChallenge: own,
                userName: identity,
                password: NTPasswordHash(password: password)
            )
            state = .responded(proof)
            return .response(id: id, challenge: own, response: proof.response, name: identity)
        } catch {
            throw .eapCryptography(.mschapV2, error)
        }
    }

    private mutating func accept(
        _ text: [UInt8],
        _ proof: MSCHAPV2Proof
    ) throws(NegotiationFailure) -> MSCHAPV2Packet {
        do throws(CryptoError) {
            guard let claim = Self.authenticatorResponse(in: text), try proof.isAuthenticatorResponse(claim) else {
                let failure = NegotiationFailure.eap(
                    "the server does not prove by EAP-MSCHAPv2 that it knows the password of \"\(eapText(identity))\" too: it may "
                        + "not be the server that it says it is"
                )
                state = .refused(failure)
                return .failureAcknowledgement
            }
            let key = try proof.masterSessionKey()
            state = .done(EAPOutcome(method: .mschapV2, identity: identity, msk: key, tls: nil))
            return .successAcknowledgement
        } catch {
            throw .eapCryptography(.mschapV2, error)
        }
    }
}

// MARK: - The server's texts

extension MSCHAPV2Client {
    /// The 20 octets of "S=" and 40 digits (RFC 2759 section 5), with anything or nothing behind a blank.
    static func authenticatorResponse(in text: [UInt8]) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.starts(with: Array("S=".utf8)), first.count == 42 else { return nil }
        return octets(fromHexadecimal: String(decoding: first.dropFirst(2), as: UTF8.self))
    }

    /// The reason in words, by the number behind "E=" (RFC 2759 section 6).
    private static func reason(in text: [UInt8]) -> String {
        let code = text.split(separator: UInt8(ascii: " ")).first.map { String(decoding: $0, as: UTF8.self) }
        return switch code {
        case "E=646": "logging on is not permitted at this time (E=646)"
        case "E=647": "the account is disabled (E=647)"
        case "E=648": "the password has expired; change it by other means (E=648)"
        case "E=649": "the account has no permission to dial in (E=649)"
        case "E=691": "the password is wrong, or the user is not known there (E=691)"
        case "E=709": "the password could not be changed (E=709)"
        default: "\"\(eapText(text))\""
        }
    }
}
