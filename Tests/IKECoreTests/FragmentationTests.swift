import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Long messages in fragments (RFC 7383).
@Suite struct FragmentationTests {
    private func settings(_ size: Int) -> Settings {
        var settings = Settings()
        settings.fragmentSize = size
        return settings
    }

    private func isFragment(_ transit: Network.Transit) -> Bool {
        guard let message = try? Message(parsing: transit.datagram.bytes) else { return false }
        return message.payloads.encryptedFragment != nil
    }

    @Test(arguments: ["aes128gcm16-prfsha256-x25519", "aes128-sha256-x25519", "aes128ctr-sha512-x25519"])
    func aLongMessageTravelsInFragments(_ keywords: String) {
        var sites = TwoSites()
        sites.change { $0.proposals = TwoSites.proposals(keywords, .ike) }
        let pair = Pair(sites, settings: settings(200))
        #expect(pair.left.succeeded(pair.up()))
        let fragments = pair.network.sent.filter(isFragment)
        #expect(fragments.count >= 2)
        #expect(fragments.allSatisfy { $0.datagram.bytes.count <= 200 })
        #expect(pair.childSAsAgree)
    }

    @Test func aShortMessageStaysWhole() {
        let pair = Pair(settings: settings(1280))
        #expect(pair.left.succeeded(pair.up()))
        #expect(!pair.network.sent.contains(where: isFragment))
    }

    @Test func aSideThatTakesNoFragmentsGetsNone() {
        var sites = TwoSites()
        sites.right.connections[0].acceptsFragments = false
        let pair = Pair(sites, settings: settings(200))
        #expect(pair.left.succeeded(pair.up()))
        #expect(!pair.network.sent.contains(where: isFragment))
    }

    /// The peer drops them, as it has said that it would.
    @Test func aSideThatForcesFragmentsSendsThemAllTheSame() throws {
        var sites = TwoSites()
        sites.left.connections[0].forcesFragments = true
        sites.right.connections[0].acceptsFragments = false
        let pair = Pair(sites, settings: settings(200))
        #expect(!pair.left.succeeded(pair.up()))
        let fragments = pair.network.sent.filter(isFragment)
        #expect(
            !fragments.isEmpty && fragments.allSatisfy { $0.datagram.local.address.description == TwoSites.leftAddress }
        )
    }

    @Test(arguments: 1...50) func fragmentsSurviveLossDuplicationAndReordering(_ seed: Int) {
        let conditions = Network.Conditions(loss: 0.1, duplication: 0.3, latency: 0.005...0.500)
        let pair = Pair(seed: UInt64(seed), conditions: conditions, settings: settings(200))
        let id = pair.up(within: .seconds(200))
        #expect(pair.left.succeeded(id) || pair.left.failure(of: id)?.reason == .peerUnreachable)
        #expect(pair.childSAsAgree)
    }

    @Test func aForgedFragmentDoesNotSpoilTheMessage() {
        let pair = Pair(settings: settings(200))
        pair.network.tap = { transit in
            if isFragment(transit) {
                var forged = transit.datagram
                forged.bytes[forged.bytes.count - 1] ^= 1
                pair.network.inject(forged)
            }
            return transit.datagram
        }
        #expect(pair.left.succeeded(pair.up()))
    }

    @Test func onlyTheFirstFragmentOfARepeatedRequestCallsForTheAnswerAgain() throws {
        let pair = Pair(settings: settings(200))
        try #require(pair.left.succeeded(pair.up()))
        let requests = pair.network.sent.filter { $0.sender == "left" && isFragment($0) }.map(\.datagram)
        try #require(requests.count >= 2)
        let before = pair.network.sent.count
        pair.network.inject(requests[1])
        pair.network.run(for: .seconds(1))
        #expect(pair.network.sent.count == before)
        pair.network.inject(requests[0])
        pair.network.run(for: .seconds(1))
        #expect(pair.network.sent.count > before)
    }

    /// Two sites whose identities alone take more than a packet of 1280 octets.
    private var longWinded: TwoSites {
        var sites = TwoSites()
        let names = (
            Identification(type: .fqdn, data: Array(repeating: UInt8(ascii: "l"), count: 2500)),
            Identification(type: .fqdn, data: Array(repeating: UInt8(ascii: "r"), count: 2500))
        )
        sites.left.connections[0].local.identity = names.0
        sites.left.connections[0].remote.identity = names.1
        sites.right.connections[0].local.identity = names.1
        sites.right.connections[0].remote.identity = names.0
        return sites
    }

    @Test(arguments: [576, 1280, 9000]) func aPathThatIsNarrowerThanTheFragmentsIsFoundOut(_ width: Int) throws {
        let pair = Pair(longWinded, settings: settings(1400))
        // IP and UDP headers and the non-ESP marker come on top.
        pair.network.tap = { $0.datagram.bytes.count + 32 <= width ? $0.datagram : nil }
        #expect(pair.left.succeeded(pair.up(within: .seconds(60))))
        let sizes = pair.network.sent.filter(isFragment).map(\.datagram.bytes.count)
        // The first try goes by the configuration; the last one, and the answer to it, by the path.
        #expect(try #require(sizes.first) > 1280)
        #expect(try #require(sizes.last) + 32 <= width)
        let totals = pair.network.sent.filter { $0.sender == "left" }.compactMap {
            try? Message(parsing: $0.datagram.bytes).payloads.encryptedFragment?.total
        }
        #expect(totals == totals.sorted())
        #expect(Set(totals).count == (width == 576 ? 3 : width == 1280 ? 2 : 1))
    }

    @Test func aLongMessageOverAPathThatIsSilentIsGivenUpInTheEnd() {
        let pair = Pair(longWinded, settings: settings(1400))
        pair.network.tap = { $0.datagram.bytes.count < 400 ? $0.datagram : nil }
        let id = pair.up(within: .seconds(600))
        #expect(pair.left.failure(of: id)?.reason == .peerUnreachable)
    }

    @Test func theRekeyedIKESATakesFragmentsAsWell() throws {
        let pair = Pair(settings: settings(200))
        try #require(pair.left.succeeded(pair.up()))
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        pair.network.command(pair.left, .rekey([.ikeSA(id: sa.id)]))
        pair.network.run(for: .seconds(1))
        let child = try #require(pair.left.outbound.first)
        let id = pair.network.command(pair.left, .rekey([.childSA(id: child.id)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(pair.childSAsAgree)
    }
}
