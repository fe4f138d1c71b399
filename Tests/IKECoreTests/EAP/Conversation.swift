import IKECore
import IKECrypto
import IKEWire
import Support
import Testing

/// Both sides of EAP in memory, from the first request to the end.
struct Conversation {
    var peer: EAPPeer
    var authenticator: EAPAuthenticator
    /// What was said, in its order.
    private(set) var messages: [EAPMessage] = []
    /// Changes a message on its way; the number counts from 0.
    var change: (Int, EAPMessage) -> EAPMessage = { $1 }

    init(_ peer: EAPPeer, _ authenticator: EAPAuthenticator) {
        self.peer = peer
        self.authenticator = authenticator
    }

    /// How it ended: what each side believes.
    struct Ending {
        let peer: Result<EAPOutcome, NegotiationFailure>
        let authenticator: Result<EAPOutcome, NegotiationFailure>

        var peerFailure: String? { Self.failure(peer) }
        var authenticatorFailure: String? { Self.failure(authenticator) }

        private static func failure(_ result: Result<EAPOutcome, NegotiationFailure>) -> String? {
            guard case .failure(let failure) = result else { return nil }
            return failure.message
        }

        /// Both sides must say that alice's password is wrong.
        func expectWrongPassword(sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(
                authenticatorFailure
                    == "the password that \"alice\" has used is not the configured one (secrets, eap)",
                sourceLocation: sourceLocation
            )
            #expect(
                peerFailure
                    == "the server refuses \"alice\" by EAP-MSCHAPv2: the password is wrong, or the user is not known "
                    + "there (E=691)",
                sourceLocation: sourceLocation
            )
        }
    }

    private struct Endless: Error {}

    /// More rounds than any method takes, a handshake in fragments included.
    private static let mostRounds = 200

    mutating func run() throws -> Ending {
        var request = deliver(try authenticator.begin())
        for _ in 0..<Self.mostRounds {
            let response: EAPMessage
            do throws(NegotiationFailure) {
                response = deliver(try peer.respond(to: request))
            } catch {
                // The peer gives up without an answer, and IKE tears the SA down.
                return Ending(peer: .failure(error), authenticator: .failure(NegotiationFailure(.closed, "left alone")))
            }
            switch try authenticator.process(response) {
            case .request(let next): request = deliver(next)
            case .success(let message, let outcome):
                return Ending(peer: finish(deliver(message)), authenticator: .success(outcome))
            case .failure(let message, let failure):
                return Ending(peer: finish(deliver(message)), authenticator: .failure(failure))
            }
        }
        throw Endless()
    }

    private mutating func deliver(_ message: EAPMessage) -> EAPMessage {
        let changed = change(messages.count, message)
        messages.append(changed)
        return changed
    }

    private mutating func finish(_ message: EAPMessage) -> Result<EAPOutcome, NegotiationFailure> {
        do throws(NegotiationFailure) {
            return .success(try peer.finish(message))
        } catch {
            return .failure(error)
        }
    }
}

extension SecretBytes {
    init(_ text: String) { self.init(copying: Array(text.utf8)) }
}

extension Array<UInt8> {
    init(_ text: String) { self = Array(text.utf8) }
}

/// The only user of these tests, and the password.
let alice = [UInt8]("alice")
let password = SecretBytes("correct horse")

extension EAPPeer {
    /// alice, with her password unless something else is said.
    static func alice(
        _ method: EAPMethod? = .mschapV2,
        identity: String = "alice",
        password: String? = "correct horse",
        tls: EAPTLSCredentials? = nil
    ) -> EAPPeer {
        EAPPeer(
            method: method,
            identity: [UInt8](identity),
            password: password.map { SecretBytes($0) },
            tls: tls,
            random: SeededRandom(seed: 1)
        )
    }
}

extension EAPAuthenticator {
    /// Knows alice.
    static func gateway(
        _ method: EAPMethod = .mschapV2,
        asksIdentity: Bool = true,
        assumedIdentity: String = "",
        tls: EAPTLSCredentials? = nil
    ) -> EAPAuthenticator {
        EAPAuthenticator(
            method: method,
            asksIdentity: asksIdentity,
            assumedIdentity: [UInt8](assumedIdentity),
            password: { $0 == IKECoreTests.alice ? IKECoreTests.password : nil },
            tls: tls,
            random: SeededRandom(seed: 2)
        )
    }
}
