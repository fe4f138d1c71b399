import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// A gateway under a flood of 100,000 IKE_SA_INIT requests from strangers.
///
/// `left` has a tunnel with it all the time, which carries packets, is probed and rekeyed; `third` wants one in the middle
/// of the flood.
@Suite struct FloodTests {
    private static let requests = 100_000
    private static let requestsInASecond = 5_000
    private static let duration: Duration = .seconds(requests / requestsInASecond)

    /// The addresses are not those of anybody: a cookie that is sent there is lost.
    @Test func forgedRequestsCostTheGatewayACookieEach() throws {
        let flood = try Flood(Settings(), addresses: 60_000)
        flood.run()
        let drops = flood.gateway.endpoint.drops
        #expect(drops.cookiesAsked > Self.requests * 9 / 10)
        #expect(drops.puzzlesAsked == 0)
        #expect(flood.mostHalfOpen <= 40)
        flood.check()
    }

    /// Whoever sends has the addresses, and does all but solve puzzles.
    @Test func requestsWithTheirCookiesFillNoMoreThanTheirShare() throws {
        var settings = Settings()
        settings.puzzleDifficulty = 12
        settings.halfOpenLimit = 1024
        settings.puzzleThreshold = 128
        let flood = try Flood(settings, addresses: 60_000)
        flood.network.tap = { [unowned flood] in flood.returnCookie($0) }
        flood.run()
        let drops = flood.gateway.endpoint.drops
        #expect(drops.puzzlesAsked > Self.requests / 2)
        #expect(drops.overLimit == 0)
        // The last quarter stays free for those who solved.
        #expect((500...770).contains(flood.mostHalfOpen))
        flood.check()
    }

    private final class Flood {
        let network: Network
        let left: Host
        let gateway: Host
        let third: Host
        private(set) var mostHalfOpen = 0
        private var end: Instant
        private var command: CommandID?
        private let addresses: Int
        private let template: Message
        private let packets: Flow
        private let random = SeededRandom(seed: 99)

        init(_ settings: Settings, addresses: Int) throws {
            self.addresses = addresses
            var sites = TwoSites()
            sites.change {
                $0.livenessDelay = .seconds(1)
                $0.children[0].lifetime = Lifetime(rekey: .seconds(3), jitter: .seconds(1), hard: .seconds(9))
                $0.lifetime = Lifetime(rekey: .seconds(7), jitter: .seconds(1), hard: .seconds(30))
            }
            var another = Self.policy(id: "right.example", peer: "third.example", local: 2, remote: 3).connections[0]
            another.name = "third"
            sites.right.connections.append(another)
            let pair = Pair(sites, settings: settings)
            (network, left, gateway) = (pair.network, pair.left, pair.right)
            let policy = Self.policy(id: "third.example", peer: "right.example", local: 3, remote: 2)
            third = network.host("third", "203.0.113.3", policy: policy)
            network.properties = [RekeyingClosesNothing(), RekeyingLosesNoPacket(), SequenceNumbersAreUsedOnce()]
            network.expectations.keepsEverySA = true
            network.expectations.losesNoPacket = true
            pair.up()
            template = try Message(parsing: try #require(network.sent.first).datagram.bytes)
            network.keepsHistory = false
            packets = network.flow(from: left, "10.1.0.1", to: gateway, "10.2.0.1")
            end = network.now + FloodTests.duration
        }

        private static func policy(id: String, peer: String, local: Int, remote: Int) -> Policy {
            TwoSites.policy(id: id, peer: peer, local: "10.\(local).0.0/16", remote: "10.\(remote).0.0/16")
        }

        func run() {
            network.start(packets, every: .milliseconds(50), until: end)
            send(0)
            network.at(network.now + FloodTests.duration / 2) { [unowned self] in
                command = $0.initiate(third, "site", to: gateway)
            }
            network.run(for: FloodTests.duration / 2 + .seconds(4))
            #expect(command.map { third.succeeded($0) } == true)
            network.run(until: end + .seconds(5))
        }

        /// Sends one request after the other.
        private func send(_ number: Int) {
            guard number < FloodTests.requests else { return }
            var message = template
            message.header.initiatorSPI = IKESPI(rawValue: random.uint64() | 1)
            inject(message, from: IPAddress(v4: 0x0a80_0000 + UInt32(number % addresses)))
            mostHalfOpen = max(mostHalfOpen, gateway.endpoint.load.halfOpen)
            network.at(network.now + .nanoseconds(1_000_000_000 / FloodTests.requestsInASecond)) { [unowned self] _ in
                send(number + 1)
            }
        }

        private func inject(_ message: Message, from address: IPAddress) {
            guard let bytes = try? message.encoded() else { return }
            network.inject(
                Datagram(
                    local: SocketAddress(address: address, port: 500),
                    remote: SocketAddress(address: gateway.address, port: 500),
                    bytes: bytes
                )
            )
        }

        /// Has a stranger's request come again with the cookie that the gateway sends.
        func returnCookie(_ transit: Network.Transit) -> Datagram? {
            let remote = transit.datagram.remote
            guard transit.sender == gateway.name, remote.address != left.address, remote.address != third.address,
                let answer = try? Message(parsing: transit.datagram.bytes), answer.header.exchangeType == .ikeSAInit,
                let cookie = answer.payloads.notify(.cookie)
            else { return transit.datagram }
            // Those who got a puzzle with it try their luck once.
            guard answer.payloads.notify(.puzzle) == nil || random.chance(0.5) else { return nil }
            var message = template
            message.header.initiatorSPI = answer.header.initiatorSPI
            message.payloads.insert(Payload(.notify(cookie)), at: 0)
            inject(message, from: remote.address)
            return nil
        }

        /// All packets of the tunnel have arrived, it has been rekeyed, and nothing of the strangers is left.
        func check() {
            #expect(network.violations.map(\.description) == [])
            #expect(packets.delivered == packets.sent)
            #expect(packets.sent >= 400)
            network.run(for: .seconds(60))
            let standing = gateway.endpoint.summaries(now: network.now)
            #expect(gateway.endpoint.load.halfOpen == 0)
            #expect(Set(standing.compactMap(\.connection)) == ["site", "third"])
            #expect(standing.contains { $0.connection == "site" && $0.id > 2 })
        }
    }
}
