import Testing

@testable import IKEWire

/// Proposals as a configuration would write them.
@Suite struct ProposalSpellingTests {
    @Test(arguments: [
        ("aes256gcm16-prfsha384-x25519", ProtocolID.ike), ("aes128-sha256-modp2048", .ike),
        ("aes128-aes256-sha256-ecp256-modp3072", .ike), ("chacha20poly1305", .esp), ("aes256gcm16-x25519-esn", .esp),
    ])
    func whatIsWrittenReadsTheSame(text: String, protocolID: ProtocolID) throws {
        let proposal = try Proposal(keywords: text, number: 1, protocolID: protocolID)
        let spelled = try #require(proposal.keywords)
        #expect(try Proposal(keywords: spelled, number: 1, protocolID: protocolID) == proposal)
    }

    @Test func whatIsNotSupportedIsLeftOut() throws {
        var proposal = try Proposal(keywords: "aes128-sha256-modp2048", number: 1, protocolID: .ike)
        proposal.transforms.append(Transform.keyExchange(KeyExchangeMethod(rawValue: 2)))
        #expect(proposal.keywords == "aes128-sha256-prfsha256-modp2048")
        proposal.transforms.removeAll { $0.type == .encryption }
        #expect(proposal.keywords == nil)
    }
}
