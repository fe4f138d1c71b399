import Foundation
import IKECore
import IKECrypto
import IKEWire
import Inet
import RADIUS
import Support
import Testing

@testable import Daemon

/// Against a FreeRADIUS that `scripts/radius` has started: RADIUS_SERVER is its address, with the user and the secret of
/// `scripts/lib/radius.sh`.
@Suite(.enabled(if: Live.address != nil, "scripts/radius starts a server for these"), .serialized)
struct FreeRADIUSTests {
    private func bench(secret: String = "testing-secret-of-radius", rest: String = "") throws -> ServiceBench {
        let address = try #require(Live.address)
        return try ServiceBench("\(rest)\n servers { live { address = \(address)\n secret = \(secret)\n } }")
    }

    /// The challenge that the server prefers, and then that of EAP-MD5, which a Nak asks for (RFC 3748 section 5.3).
    private func challenge(_ bench: ServiceBench, _ user: String) throws -> EAPMessage {
        guard case .challenge(let preferred) = try bench.ask(.identity(user), user: user) else {
            throw Unexpected()
        }
        #expect(preferred.type == .mschapV2)
        let nak = EAPMessage.response(
            identifier: preferred.identifier,
            type: .nak,
            data: [EAPType.md5Challenge.rawValue]
        )
        guard case .challenge(let challenge) = try bench.ask(nak, user: user) else { throw Unexpected() }
        #expect(challenge.type == .md5Challenge)
        return challenge
    }

    private struct Unexpected: Error {}

    /// RFC 3748 section 5.4.
    private func response(to challenge: EAPMessage, password: String) throws -> EAPMessage {
        let value = challenge.data.dropFirst().prefix(Int(challenge.data.first ?? 0))
        let digest = try Digest.md5(SecretBytes(copying: [challenge.identifier] + Array(password.utf8) + value))
        return .response(
            identifier: challenge.identifier,
            type: .md5Challenge,
            data: [16] + digest.withUnsafeBytes { [UInt8]($0) }
        )
    }

    @Test func theRightPasswordIsAccepted() throws {
        let bench = try bench()
        let response = try response(to: challenge(bench, "anna"), password: "hunter2")
        guard case .accept(let message, let grant) = try bench.ask(response) else { throw Unexpected() }
        #expect(message.code == .success)
        #expect(grant.accountingClass == [Array("of-anna".utf8)])
        let key = [UInt8](repeating: 0xAA, count: 32) + [UInt8](repeating: 0xBB, count: 32)
        #expect(grant.msk == SecretBytes(copying: key))
        #expect(grant.framedAddresses == [IPAddress("10.3.0.7")])
        #expect(grant.sessionTimeout == .seconds(3600))
        #expect(bench.log.isEmpty)
    }

    @Test func theWrongPasswordIsRefused() throws {
        let bench = try bench()
        let response = try response(to: challenge(bench, "anna"), password: "hunter3")
        guard case .reject(let message, _) = try bench.ask(response) else { throw Unexpected() }
        #expect(message?.code == .failure)
    }

    @Test func anotherSecretIsMetWithSilence() throws {
        let bench = try bench(secret: "another", rest: "retransmit_timeout = 0.2\n retransmit_tries = 1")
        guard case .unreachable(let reason) = try bench.ask(.identity("anna")) else { throw Unexpected() }
        #expect(reason.contains("was asked 2 times"))
    }

    @Test func accountingRecordsAreConfirmed() throws {
        let pair = Pair()
        pair.up()
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let bench = try bench(rest: "accounting = yes")
        let response = try response(to: challenge(bench, "anna"), password: "hunter2")
        guard case .accept = try bench.ask(response, ikeSA: sa.id) else { throw Unexpected() }
        for event in [Event.ikeEstablished(sa), .ikeClosed(sa, reason: Ending.asked)] {
            bench.service.note(event)
            // Nothing is left to be repeated once the server has confirmed.
            bench.service.deadlineChanged = { [service = bench.service, loop = bench.loop] in
                if service.nextDeadline == nil { loop.stop() }
            }
            try bench.run()
            #expect(bench.service.nextDeadline == nil)
        }
        #expect(bench.log.isEmpty)
    }
}

private enum Live {
    static let address = ProcessInfo.processInfo.environment["RADIUS_SERVER"]
}
