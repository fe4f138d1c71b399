import Foundation
import Testing
import VICI

@testable import Control

/// `ikectl doctor`, with hosts of the tests' own.
@Suite struct DoctorTests {
    /// A host on which all is well.
    private static var sound: [String: String] {
        [
            "/proc/self/status": "Name:\tikectl\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n",
            "/proc/net/udp": "  sl  local_address rem_address\n", "/sys/class/net/eth0/operstate": "up\n",
            "/sys/class/net/eth0/mtu": "1500\n", "/proc/sys/net/ipv4/ip_forward": "1\n",
            "/proc/sys/net/ipv6/conf/all/forwarding": "1\n", "/proc/sys/net/ipv4/conf/all/rp_filter": "2\n",
            "/proc/sys/kernel/osrelease": "6.12.1-amd64\n", "/proc/sys/net/ipv4/ip_no_pmtu_disc": "0\n",
        ]
    }

    private func doctor(
        _ changes: [String: String] = [:],
        links: [String: String] = [:],
        programs: [String: HostView.ProgramResult] = [
            "nft": HostView.ProgramResult(status: 0, output: "{\"nftables\": []}")
        ],
        tunError: Int32 = 0,
        isSynchronized: String? = "yes\n",
        seconds: Int64 = 1_790_000_000
    ) -> Doctor {
        let files = Self.sound.merging(changes) { $1 }
        return Doctor(
            host: HostView(
                text: { files[$0] },
                names: { directory in
                    let below = (Array(files.keys) + links.keys).filter { $0.hasPrefix(directory + "/") }
                    return Set(below.compactMap { $0.dropFirst(directory.count + 1).split(separator: "/").first })
                        .map(String.init).sorted()
                },
                target: { links[$0] },
                start: { program in
                    let result =
                        program.name == "timedatectl"
                        ? isSynchronized.map { HostView.ProgramResult(status: 0, output: $0) } : programs[program.name]
                    return result.map { result in { result } }
                },
                tunError: { tunError },
                seconds: { seconds }
            )
        )
    }

    /// Of a host where the daemon answers and no tunnel stands.
    private func findings(_ doctor: Doctor) -> [Finding] {
        doctor.findings { Doctor.DaemonAnswer(finding: .ok("daemon", "iked answers")) }
    }

    private func levels(_ findings: [Finding], _ subject: String) -> [Finding.Level] {
        findings.filter { $0.subject == subject }.map(\.level)
    }

    @Test func aSoundHostHasNothingToComplainAbout() {
        let findings = findings(doctor())
        #expect(findings.allSatisfy { $0.level == .ok }, "\(findings)")
        #expect(Set(findings.map(\.subject)).count == 11)
    }

    @Test func aMissingDeviceFails() {
        #expect(doctor(tunError: ENOENT).device.advice?.contains("modprobe tun") == true)
        #expect(doctor(tunError: EPERM).device.level == .failure)
    }

    @Test func missingCapabilitiesAreTold() {
        let container = doctor(["/proc/self/status": "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"])
        #expect(container.capabilities.map(\.level) == [.failure, .warning])
        let user = doctor(["/proc/self/status": "CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"])
        #expect(user.capabilities.map(\.level) == [.warning])
        #expect(doctor(["/proc/self/status": "nothing"]).capabilities.map(\.level) == [.unchecked])
    }

    private static let busy = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
          10: 00000000:01F4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000 0

        """

    @Test func aPortThatSomebodyElseHasFails() {
        let files = ["/proc/net/udp": Self.busy, "/proc/77/comm": "charon\n"]
        let links = ["/proc/77/fd/3": "/dev/null", "/proc/77/fd/5": "socket:[4711]"]
        let findings = findings(doctor(files, links: links))
        #expect(levels(findings, "ports") == [.failure, .ok])
        #expect(findings.contains { $0.message == "UDP 500 is in use by charon (process 77)" })
        #expect(levels(findings, "others") == [.warning])
        let ours = doctor(["/proc/net/udp": Self.busy, "/proc/77/comm": "iked\n"], links: links).ports
        #expect(ours.map(\.level) == [.ok, .ok])
        #expect(doctor(["/proc/net/udp": Self.busy]).ports.map(\.level) == [.warning, .ok])
    }

    @Test func aClockThatIsWrongFailsAndOneThatNobodyKeepsWarns() {
        #expect(doctor(seconds: 1000).clock().map(\.level) == [.failure])
        #expect(doctor(isSynchronized: "no\n").clock().map(\.level) == [.warning])
        #expect(doctor(isSynchronized: nil).clock().map(\.level) == [.unchecked])
    }

    @Test func theNetworksSettingsAreTold() {
        let host = doctor([
            "/sys/class/net/eth0/mtu": "1380\n", "/sys/class/net/wan/mtu": "900\n",
            "/sys/class/net/wan/operstate": "unknown\n", "/proc/sys/net/ipv4/ip_forward": "0\n",
            "/proc/sys/net/ipv4/conf/all/rp_filter": "1\n", "/proc/sys/kernel/osrelease": "5.10.0-8\n",
            "/proc/sys/net/ipv4/ip_no_pmtu_disc": "1\n",
        ])
        let findings = findings(host)
        #expect(levels(findings, "mtu") == [.warning, .failure, .warning])
        #expect(levels(findings, "forwarding") == [.warning, .ok])
        #expect(levels(findings, "rp_filter") == [.warning])
        #expect(findings.last?.message.contains("TUN_F_USO") == true)
    }

    // MARK: - Paths

    private func paths(_ route: String?, mtu: Int = 1438, peers: Int = 1) -> [Finding] {
        var programs: [String: HostView.ProgramResult] = [:]
        if let route {
            let routes = (1...peers).map { route.replacing("198.51.100.1", with: "198.51.100.\($0)") }
            programs["ip"] = HostView.ProgramResult(status: 0, output: routes.joined(separator: "\n"))
        }
        let tunnels = (1...peers).map {
            Doctor.Tunnel(connection: "site", remote: "198.51.100.\($0)", mtu: mtu, overhead: 62)
        }
        return doctor(programs: programs).paths(tunnels)()
    }

    @Test func theSizeOfATunnelIsHeldToThePathToItsPeer() {
        let direct = "198.51.100.1 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0 \\    cache \n"
        #expect(paths(direct).map(\.level) == [.ok])
        let learned = "198.51.100.1 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0 \\    cache expires 596sec mtu 1400 \n"
        let narrow = paths(learned)
        #expect(narrow.map(\.level) == [.warning])
        #expect(narrow.first?.message.contains("carries 1400 octets, but its tunnel lets 1438 in") == true)
        #expect(narrow.first?.advice?.contains("mtu = 1323") == true)
        #expect(paths(learned, mtu: 1323).map(\.level) == [.ok])
        #expect(paths("local " + learned).map(\.level) == [.warning])
        #expect(paths("203.0.113.9 dev eth0 mtu 1300").map(\.level) == [.unchecked])
        #expect(paths(nil).map(\.level) == [.unchecked])
    }

    @Test func manyPeersWithoutTroubleAreOneFinding() {
        let many = paths("198.51.100.1 dev eth0 src 192.0.2.2", peers: 20)
        #expect(many.map(\.level) == [.ok] && many.first?.message.contains("20 peers") == true)
        #expect(paths("198.51.100.1 dev eth0 mtu 1300", peers: 20).count == 20)
    }

    @Test func whatIsNoAddressIsNotAskedFor() {
        var questions: [String] = []
        var host = doctor().host
        host.start = { program in
            questions.append(program.input ?? "")
            return { HostView.ProgramResult(status: 0, output: "198.51.100.9 dev eth0\n") }
        }
        let tunnels = ["-4", "198.51.100.1 via", "198.51.100.9"].map {
            Doctor.Tunnel(connection: "site", remote: $0, mtu: 1438, overhead: 62)
        }
        #expect(Doctor(host: host).paths(tunnels)().map(\.level) == [.unchecked, .unchecked, .ok])
        #expect(questions == ["route get 198.51.100.9 mark 0x696b65\n"])
    }

    @Test func programsAreStartedBeforeAnyIsWaitedFor() {
        var events: [String] = []
        var host = doctor().host
        host.start = { program in
            events.append("\(program.name) starts")
            return {
                events.append("\(program.name) ends")
                return HostView.ProgramResult(status: 0, output: "")
            }
        }
        let tunnel = Doctor.Tunnel(connection: "site", remote: "198.51.100.9", mtu: 1438, overhead: 62)
        _ = Doctor(host: host).findings {
            events.append("daemon")
            return Doctor.DaemonAnswer(finding: .ok("daemon", "iked answers"), tunnels: [tunnel])
        }
        #expect(events.prefix(4) == ["nft starts", "timedatectl starts", "daemon", "ip starts"])
        #expect(events.dropFirst(4).sorted() == ["ip ends", "nft ends", "timedatectl ends"])
    }

    @Test func theOverheadIsThatOfTheSuite() {
        func tunnel(_ child: VICIMessage, remote: String = "198.51.100.1") -> Doctor.Tunnel? {
            let ikeSA = IKESAStatus(connection: "site", ["remote-host": .text(remote)])
            return Doctor.Tunnel(ikeSA, ChildSAStatus(key: "net-1", child))
        }
        let gcm: VICIMessage = ["state": "INSTALLED", "mtu": "1438", "encap": "yes", "encr-alg": "AES_GCM_16"]
        #expect(tunnel(gcm)?.overhead == 62)
        let cbc: VICIMessage = [
            "state": "INSTALLED", "mtu": "1400", "encr-alg": "AES_CBC", "integ-alg": "HMAC_SHA2_256_128",
        ]
        #expect(tunnel(cbc, remote: "2001:db8::1")?.overhead == 78)
        #expect(tunnel(["state": "DELETING", "mtu": "1400"]) == nil)
        #expect(tunnel(["state": "INSTALLED"]) == nil)
    }

    // MARK: - Firewalls

    private func nft(_ policy: String, _ rules: [String]) -> [String: HostView.ProgramResult] {
        let chain = """
            {"chain": {"family": "inet", "table": "filter", "name": "input", "type": "filter", "hook": "input", "prio": 0, \
            "policy": "\(policy)"}}
            """
        let rules = rules.map {
            #"{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 4, "expr": [\#($0)]}}"#
        }
        let output =
            "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0\"}}, \(([chain] + rules).joined(separator: ", "))]}"
        return ["nft": HostView.ProgramResult(status: 0, output: output)]
    }

    private static let ports =
        #"{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": {"set": [500, {"range": [4000, 5000]}]}}}, {"accept": null}"#
    private static let esp =
        #"{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "esp"}}, {"accept": null}"#
    private static let established =
        #"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"accept": null}"#
    private static let fromPeer =
        #"{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.1"}}, {"accept": null}"#
    private static let dropUDP =
        #"{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "udp"}}, {"counter": {"packets": 0}}, {"drop": null}"#

    @Test func nftablesRulesAreFollowed() {
        #expect(
            doctor(programs: nft("drop", [Self.established])).firewall().map(\.level) == [.failure, .failure, .warning]
        )
        #expect(
            doctor(programs: nft("drop", [Self.established, Self.ports, Self.esp])).firewall().map(\.level) == [.ok]
        )
        #expect(doctor(programs: nft("drop", [Self.ports])).firewall().map(\.level) == [.warning])
        #expect(doctor(programs: nft("accept", [Self.dropUDP])).firewall().map(\.level) == [.failure, .failure])
        #expect(doctor(programs: nft("accept", [Self.ports, Self.dropUDP])).firewall().map(\.level) == [.ok])
        // Only from one address: who knows.
        let some = doctor(programs: nft("drop", [Self.fromPeer])).firewall()
        #expect(some.map(\.level) == [.warning, .warning, .warning])
        #expect(some.first?.message.contains("depends on more") == true)
        #expect(doctor(programs: nft("accept", [Self.fromPeer])).firewall().map(\.level) == [.ok])
        let advice = doctor(programs: nft("drop", [])).firewall().first?.advice
        #expect(advice == "nft insert rule inet filter input udp dport 500 accept")
    }

    @Test func iptablesRulesAreFollowed() {
        func rules(_ text: String) -> [Finding.Level] {
            doctor(programs: ["iptables": HostView.ProgramResult(status: 0, output: text)]).firewall().map(\.level)
        }
        #expect(rules("-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n") == [.ok])
        #expect(rules("-P INPUT DROP\n-P OUTPUT ACCEPT\n") == [.failure, .failure, .warning])
        let open = """
            -P INPUT DROP
            -N ike
            -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
            -A INPUT -j ike
            -A ike -p udp -m multiport --dports 500,4500 -j ACCEPT
            -A ike -p esp -j ACCEPT
            """
        #expect(rules(open) == [.ok])
        #expect(rules("-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n") == [.warning, .warning, .warning])
    }

    @Test func aFirewallThatCannotBeSeenIsSaidToBeUnchecked() {
        #expect(doctor(programs: [:]).firewall().map(\.level) == [.unchecked])
        #expect(
            doctor(programs: ["nft": HostView.ProgramResult(status: 1, output: "")]).firewall().map(\.level) == [
                .unchecked
            ]
        )
        #expect(
            doctor(programs: ["nft": HostView.ProgramResult(status: 0, output: "{")]).firewall().map(\.level) == [
                .unchecked
            ]
        )
    }

    // MARK: - Output

    @Test func theReportSaysWhatToDoAndTheExitCodeWhetherItFails() {
        var output = ""
        let console = Console(palette: .ascii, isTerminal: false, output: { output += $0 }, error: { _ in })
        let findings: [Finding] = [.ok("clock", "fine"), .failure("device", "gone", "modprobe tun")]
        #expect(DoctorCommand.report(findings, asJSON: false, console) == .failed)
        #expect(
            output == """
                OK    clock       fine
                FAIL  device      gone
                                  modprobe tun

                """
        )
        #expect(DoctorCommand.report([.warning("a", "b", "c")], asJSON: true, console) == .ok)
        #expect(output.contains("\"level\": \"warning\""))
    }

    @Test func jsonIsReadAsItIsWritten() throws {
        let text = #"{"a": [1, -2.5e3, "x\n\u00e9\ud83d\ude00", null, true, {}], "b": []}"#
        let value = try #require(JSON(parsing: text))
        #expect(value["a"]?.items?[2].text == "x\né😀")
        #expect(value["a"]?.items?.first?.integer == 1)
        #expect(JSON(parsing: value.encoded(pretty: true))?.encoded(pretty: false) == value.encoded(pretty: false))
        for broken in ["", "{", "[1,]", "{\"a\" 1}", "\"\\x\"", "\"\u{1}\"", "1 2", "tru", "\"\\ud800\"", "-"] {
            #expect(JSON(parsing: broken) == nil, "\(broken)")
        }
        #expect(JSON(parsing: String(repeating: "[", count: 100_000)) == nil)
    }
}
