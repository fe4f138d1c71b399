import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Rekeying once right after set-up, so that a key exchange that the ends do not share is found then (`early_rekey`).
@Suite struct EarlyRekeyTests {
    private func pair(left: String, right: String, early: Duration? = .seconds(5)) -> Pair {
        var sites = TwoSites()
        sites.left.connections[0].children[0].proposals = TwoSites.proposals(left, .esp)
        sites.right.connections[0].children[0].proposals = TwoSites.proposals(right, .esp)
        var settings = Settings.withoutDelay
        settings.earlyRekey = early
        return Pair(sites, settings: settings)
    }

    private func exchanges(_ pair: Pair) -> Int {
        pair.left.logs.count { $0.message.hasPrefix("rekeying CHILD SA") && $0.level == .info }
    }

    @Test func aChildWithPFSIsRekeyedOnceByItsInitiator() throws {
        let pair = pair(left: "aes128gcm16-ecp256-noesn", right: "aes128gcm16-ecp256-noesn")
        try #require(pair.left.succeeded(pair.up()))
        let first = try #require(pair.left.outbound.first)
        pair.network.run(for: .seconds(6))
        let second = try #require(pair.left.outbound.first)
        #expect(second.id != first.id && !second.proposal.keyExchange.isEmpty)
        #expect(pair.childSAsAgree)
        pair.network.run(for: .seconds(600))
        #expect(pair.left.outbound.first?.id == second.id)
        #expect(exchanges(pair) == 1)
        #expect(!pair.right.logs.contains { $0.message.hasPrefix("rekeying CHILD SA") })
    }

    @Test func aPeerWithoutTheKeyExchangeIsFoundOut() throws {
        let pair = pair(left: "aes128gcm16-ecp256-noesn", right: "aes128gcm16-noesn")
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(6))
        let warning = try #require(pair.left.logs.first { $0.level == .warning })
        #expect(warning.message.contains("NO_PROPOSAL_CHOSEN") && warning.message.contains("esp_proposals"))
        #expect(pair.left.outbound.count == 1 && pair.childSAsAgree)
    }

    @Test(arguments: [("aes128gcm16-noesn", Duration.seconds(5)), ("aes128gcm16-ecp256-noesn", nil)])
    func withoutPFSOrWithoutTheSettingNothingIsRekeyed(_ keywords: String, _ early: Duration?) throws {
        let pair = pair(left: keywords, right: keywords, early: early)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(600))
        #expect(exchanges(pair) == 0)
    }
}
