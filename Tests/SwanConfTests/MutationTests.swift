import Support
import SwanConf
import Testing

/// Broken text must be refused or read, but never end the process.
@Suite struct MutationTests {
    private static let seedText = """
        base { dpd_delay = 30s
          local { auth = psk
            id = "a.example.org" } }
        connections {
          gw : base { # comment
            remote { auth = psk
              id = b.example.org }
            local_addrs = 192.0.2.1, 2001:db8::1, 10.0.0.0/8, 10.0.0.1-10.0.0.9, %any
            proposals = aes256gcm16-prfsha384-x25519, aes128-sha256-modp2048, default
            children { net { local_ts = 10.1.0.0/16, dynamic[tcp/80]
              remote_ts = 10.2.0.5-10.2.0.9[/1000-2000]
              esp_proposals = aes256gcm16-esn
              rekey_time = 1h
              replay_window = 64 } }
          }
        }
        secrets { ike-1 { id-1 = a.example.org
          secret = 0sAQIDBA== }
          ike-2 { secret = "two \\"words\\" \\
        on lines" } }
        pools { p { addrs = 10.3.0.0/24
          dns = 10.1.0.53 } }
        iked { retransmit_timeout = 4.0
          mtu = 1400 }
        """

    /// Octets and words that mean something somewhere.
    private static let tokens = [
        "{", "}", "=", ":", "::", ",", ".", "\"", "\\", "#", "\n", "\r\n", " ", "include", "include x", "0x", "0s", "-",
        "/", "[", "]", "%any", "%", "99999999999999999999", "-1", "default", "dynamic", "connections", "a : a { }",
        "gw : connections.gw { }", "\u{0}", "é", "\u{FEFF}", "=", "@#", "ipv4:#", "1.5", "d",
    ].map { Array($0.utf8) }

    @Test func truncatedTextNeverTraps() {
        let octets = Array(Self.seedText.utf8)
        for length in octets.indices {
            read(octets[..<length])
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func mutatedTextNeverTraps(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<150 {
            var octets = Array(Self.seedText.utf8)
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                mutate(&octets, using: &random)
            }
            read(octets[...])
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func garbageNeverTraps(seed: UInt64) {
        var random = SplitMix64(seed: seed ^ 0xDEAD)
        for _ in 0..<200 {
            let garbage = (0..<Int.random(in: 0..<60, using: &random)).flatMap { _ in
                Self.tokens.randomElement(using: &random) ?? []
            }
            read(garbage[...])
        }
    }

    private func mutate(_ octets: inout [UInt8], using random: inout SplitMix64) {
        let start = Int.random(in: 0...octets.count, using: &random)
        let end = min(octets.count, start + Int.random(in: 0..<12, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: octets.removeSubrange(start..<end)
        case 1: octets.insert(contentsOf: Self.tokens.randomElement(using: &random) ?? [], at: start)
        case 2: octets.replaceSubrange(start..<end, with: Self.tokens.randomElement(using: &random) ?? [])
        default: octets.insert(contentsOf: octets[start..<end], at: Int.random(in: 0...start, using: &random))
        }
    }

    /// Reads the text and prints what comes of it, as errors are only worked out when they are printed.
    private func read(_ octets: ArraySlice<UInt8>) {
        do {
            let configuration = try Configuration(
                parsing: String(decoding: octets, as: UTF8.self),
                file: "/nonexistent/iked.conf"
            )
            #expect(configuration.warnings.allSatisfy { !$0.description.isEmpty })
        } catch {
            #expect(error.line >= 0)
            #expect(!error.description.isEmpty)
        }
    }
}
