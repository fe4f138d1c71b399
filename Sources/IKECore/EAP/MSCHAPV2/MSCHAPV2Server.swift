import IKECrypto
import IKEWire

/// EAP-MSCHAPv2, the server's side; see `MSCHAPV2Client` for the packets.
struct MSCHAPV2Server: EAPServerMethod {
    private enum State {
        case new
        case challenged([UInt8], id: UInt8)
        case proved(EAPOutcome)
        case refused(NegotiationFailure)
    }

    private let password: ([UInt8]) -> SecretBytes?
    private let random: any RandomSource
    private var state = State.new

    init(password: @escaping ([UInt8]) -> SecretBytes?, random: any RandomSource) {
        self.password = password
        self.random = random
    }

    var refusal: NegotiationFailure? {
        if case .refused(let failure) = state { failure } else { nil }
    }

    mutating func begin(identifier: UInt8) throws(NegotiationFailure) -> [UInt8] {
        let challenge = random.bytes(16)
        state = .challenged(challenge, id: identifier)
        return try encode(.challenge(id: identifier, challenge: challenge, name: Self.name))
    }

    /// Who asks; nothing depends on it, and the identity of IKE names the gateway better.
    private static let name = Array("iked".utf8)

    mutating func process(_ response: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> EAPServerStep {
        let packet: MSCHAPV2Packet
        do throws(WireError) {
            packet = try MSCHAPV2Packet(parsingResponse: response)
        } catch {
            throw .malformedEAP("the client's EAP-MSCHAPv2 response cannot be read: \(error)")
        }
        switch (state, packet) {
        case (.challenged(let own, let id), .response(let repeated, let challenge, let proof, let name)):
            guard repeated == id else {
                throw .malformedEAP("the client answers another challenge of EAP-MSCHAPv2 than the one under way")
            }
            return .request(try judge(proof, to: own, challenge, of: name, id: identifier))
        case (.proved(let outcome), .successAcknowledgement):
            return .done(outcome)
        case (.proved(let outcome), .failureAcknowledgement):
            throw .eap("the client \"\(eapText(outcome.identity))\" does not accept our proof of its password")
        case (.refused(let failure), _):
            throw failure
        default:
            throw .malformedEAP("the client's EAP-MSCHAPv2 response is not one that may come now")
        }
    }

    /// The Success or Failure that answers a response.
    private mutating func judge(
        _ response: [UInt8],
        to own: [UInt8],
        _ challenge: [UInt8],
        of name: [UInt8],
        id: UInt8
    ) throws(NegotiationFailure) -> [UInt8] {
        let verdict = try MSCHAPV2Verdict(
            response,
            authenticatorChallenge: own,
            peerChallenge: challenge,
            userName: name,
            password: password,
            random: random
        )
        switch verdict {
        case .right(let proof, let key):
            state = .proved(EAPOutcome(method: .mschapV2, identity: name, msk: key, tls: nil))
            return try encode(.success(id: id, text: Array("S=\(hexadecimal(proof).uppercased()) M=Welcome".utf8)))
        case .wrong(let failure):
            state = .refused(failure)
            let challenge = hexadecimal(random.bytes(16)).uppercased()
            let text = "E=691 R=0 C=\(challenge) V=3 M=Authentication failed"
            return try encode(.failure(id: id, text: Array(text.utf8)))
        }
    }

    private func encode(_ packet: MSCHAPV2Packet) throws(NegotiationFailure) -> [UInt8] {
        guard let octets = packet.encoded else { throw .malformedEAP("an EAP-MSCHAPv2 packet would be too long") }
        return octets
    }
}

/// What a client's NT-Response is worth; also within TTLS, where no EAP is around it.
enum MSCHAPV2Verdict {
    /// The server's own proof of 20 octets, and the MSK.
    case right(authenticatorResponse: [UInt8], msk: SecretBytes)
    case wrong(NegotiationFailure)

    /// A user that is not known takes the path of a wrong password, with a password that nobody knows: neither the answer nor its
    /// time tells which names there are.
    init(
        _ response: [UInt8],
        authenticatorChallenge: [UInt8],
        peerChallenge: [UInt8],
        userName: [UInt8],
        password: ([UInt8]) -> SecretBytes?,
        random: any RandomSource
    ) throws(NegotiationFailure) {
        let known = password(userName)
        let stranger = random.secret(16)
        do throws(CryptoError) {
            let proof = try MSCHAPV2Proof(
                authenticatorChallenge: authenticatorChallenge,
                peerChallenge: peerChallenge,
                userName: userName,
                password: NTPasswordHash(password: known ?? stranger)
            )
            let (answer, key) = (try proof.authenticatorResponse(), try proof.masterSessionKey())
            let isRight = proof.isResponse(response) && known != nil
            self = isRight ? .right(authenticatorResponse: answer, msk: key) : .wrong(.wrongPassword(userName, known))
        } catch {
            throw .eapCryptography(.mschapV2, error)
        }
    }
}

extension NegotiationFailure {
    /// The operator may know which it was; the client does not learn it.
    static func wrongPassword(_ name: [UInt8], _ known: SecretBytes?) -> NegotiationFailure {
        known == nil
            ? .eap("there is no password of the user \"\(eapText(name))\" (secrets, eap)")
            : .eap("the password that \"\(eapText(name))\" has used is not the configured one (secrets, eap)")
    }
}
