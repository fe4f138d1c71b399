import IKECrypto
import Support
import Testing

/// Answers of responders (RFC 6960), good and bad.
@Suite struct OCSPTests {
    private let authority: RevokingAuthority
    private let leaf: X509Certificate

    init() throws {
        authority = try RevokingAuthority()
        leaf = try authority.issue("gw.example.org").certificate
    }

    private func request() throws -> OCSPRequest {
        try OCSPRequest(for: leaf, issuedBy: authority.certificate, nonce: Array(0..<32))
    }

    /// What comes of the question about `leaf`.
    private func status(
        _ change: (inout OCSPTestResponder) throws -> Void = { _ in }
    ) throws -> Result<OCSPStatus, OCSPFailure> {
        var responder = authority.responder
        try change(&responder)
        let request = try request()
        let answer = try responder.answer(about: leaf, to: request.der)
        return Result { () throws(OCSPFailure) in
            try OCSPResponse(der: answer)
                .status(of: leaf, issuedBy: authority.certificate, at: Fixture.today, answering: request)
        }
    }

    @Test func theIssuerSaysWhetherACertificateIsGood() throws {
        #expect(try status() == .success(.good))
        #expect(try status { $0.status = .revoked } == .success(.revoked))
        #expect(try status { $0.status = .unknown } == .failure(.unknownCertificate))
    }

    @Test(arguments: ["SHA1", "SHA256", "SHA512"]) func theCertificateMayBeNamedByAnyHash(hash: String) throws {
        #expect(try status { $0.hash = hash } == .success(.good))
    }

    @Test func theNonceMustBeThatOfTheRequestOrMissing() throws {
        #expect(try status { $0.nonce = .other } == .failure(.wrongNonce))
        #expect(try status { $0.nonce = .none } == .success(.good))
    }

    @Test func answersHaveTheirTime() throws {
        let today = Fixture.today.seconds
        #expect(try status { $0.nextUpdate = -200 } == .success(.good))
        #expect(
            try status { ($0.thisUpdate, $0.nextUpdate) = (-900, -400) }
                == .failure(.stale(nextUpdate: UnixTime(seconds: today - 400)))
        )
        #expect(try status { $0.thisUpdate = 200 } == .success(.good))
        #expect(
            try status { $0.thisUpdate = 400 }
                == .failure(.notYetValid(thisUpdate: UnixTime(seconds: today + 400)))
        )
        #expect(try status { $0.nextUpdate = nil } == .success(.good))
        guard case .failure(.stale) = try status({ ($0.thisUpdate, $0.nextUpdate) = (-90_000, nil) }) else {
            Issue.record("an old answer without end counts")
            return
        }
    }

    @Test func aResponderThatTheIssuerHasNamedMayAnswer() throws {
        let delegate = try authority.issue("ocsp.example.org", purposes: "OCSPSigning")
        #expect(try status { ($0.signer, $0.key) = (delegate.certificate, delegate.key) } == .success(.good))
    }

    private func isRefusedAsUntrusted(_ signer: X509Certificate, _ key: PrivateKey) throws -> Bool {
        guard case .failure(.untrustedSigner) = try status({ ($0.signer, $0.key) = (signer, key) }) else {
            return false
        }
        return true
    }

    @Test func othersMayNotAnswer() throws {
        let other = try RevokingAuthority("Other CA")
        #expect(try isRefusedAsUntrusted(other.certificate, other.key))
        // The same name, but another key.
        let namesake = try RevokingAuthority()
        #expect(try isRefusedAsUntrusted(namesake.certificate, namesake.key))
        // A responder of another authority, and one of ours that is for something else.
        let foreign = try other.issue("ocsp.example.org", purposes: "OCSPSigning")
        #expect(try isRefusedAsUntrusted(foreign.certificate, foreign.key))
        let server = try authority.issue("www.example.org", purposes: "serverAuth")
        #expect(try isRefusedAsUntrusted(server.certificate, server.key))
    }

    @Test func anAnswerAboutAnotherCertificateDoesNotCount() throws {
        let other = try authority.issue("other.example.org").certificate
        let answer = try OCSPResponse(der: authority.responder.answer(about: other))
        #expect(throws: OCSPFailure.otherCertificate) {
            try answer.status(of: leaf, issuedBy: authority.certificate, at: Fixture.today)
        }
        #expect(answer.validity(of: leaf, issuedBy: authority.certificate) == nil)
        #expect(
            answer.validity(of: other, issuedBy: authority.certificate)?.nextUpdate
                == UnixTime(seconds: Fixture.today.seconds + 3600)
        )
    }

    @Test func aRefusalToAnswerIsSaidInItsWords() throws {
        #expect(throws: OCSPFailure.unsuccessful("trylater")) {
            try OCSPResponse(der: OCSPTestResponder.refusal())
        }
    }

    @Test func whatIsNoAnswerIsRefused() throws {
        let der = try authority.responder.answer(about: leaf)
        for count in der.indices {
            #expect(throws: OCSPFailure.malformed) { try OCSPResponse(der: Array(der.prefix(count))) }
        }
        #expect(throws: OCSPFailure.malformed) { try OCSPResponse(der: der + [0]) }
        #expect(throws: OCSPFailure.malformed) {
            try OCSPResponse(der: [UInt8](repeating: 0x30, count: OCSPResponse.longest + 1))
        }
        for index in der.indices {
            var changed = der
            changed[index] ^= 0x04
            guard let response = try? OCSPResponse(der: changed) else { continue }
            // What a signature does not cover may change: the responder's certificate, which has one of its own.
            let status = try? response.status(of: leaf, issuedBy: authority.certificate, at: Fixture.today)
            #expect(status != .revoked, "octet \(index)")
        }
    }
}
