import Inet

// Whether what a tunnel lets in still fits the way to its peer: the path MTU that the kernel knows against the tunnel's own.

extension Doctor {
    /// A CHILD SA that stands, as far as the size of its packets is concerned.
    struct Tunnel: Hashable {
        var connection: String
        /// The peer's outer address.
        var remote: String
        /// The longest packet that goes in.
        var mtu: Int
        /// The octets that its ESP adds at least.
        var overhead: Int

        init(connection: String, remote: String, mtu: Int, overhead: Int) {
            self.connection = connection
            self.remote = remote
            self.mtu = mtu
            self.overhead = overhead
        }

        /// Nil where the daemon does not say what is needed.
        init?(_ ikeSA: IKESAStatus, _ childSA: ChildSAStatus) {
            guard let remote = ikeSA.remote.host, let mtu = childSA.mtu, childSA.isUp else { return nil }
            self.init(
                connection: ikeSA.connection,
                remote: remote,
                mtu: mtu,
                overhead: Self.overhead(isIPv6: remote.contains(":"), isUDP: childSA.isUDPEncapsulated, childSA.suite)
            )
        }

        /// Outer header, UDP, SPI and sequence number, IV, the two octets of the trailer and the ICV (RFC 4303 section 2); padding
        /// comes on top.
        private static func overhead(isIPv6: Bool, isUDP: Bool, _ suite: Suite) -> Int {
            let isBlockCipher = suite.encryption?.contains("CBC") ?? false
            let shortICV = suite.integrity != nil
            return (isIPv6 ? 40 : 20) + (isUDP ? 8 : 0) + 8 + (isBlockCipher ? 16 : 8) + 2 + (shortICV ? 12 : 16)
        }
    }

    /// One finding for each peer, of the CHILD SA that lets most in.
    func paths(_ tunnels: [Tunnel]) -> Check {
        let byRemote = Dictionary(grouping: tunnels, by: \.remote).sorted { $0.key < $1.key }
        let pathMTUs = pathMTUs(to: byRemote.map(\.key))
        return { findings(byRemote, pathMTUs()) }
    }

    private func findings(
        _ byRemote: [(key: String, value: [Tunnel])],
        _ pathMTUs: [String: Int]
    ) -> [Finding] {
        let findings = byRemote.compactMap { remote, tunnels -> Finding? in
            guard let most = tunnels.max(by: { $0.mtu + $0.overhead < $1.mtu + $1.overhead }) else { return nil }
            return finding(most, pathMTUs[remote])
        }
        // Of many peers without trouble nobody wants to read.
        let remarkable = findings.filter { $0.level != .ok }
        guard findings.count > Self.mostPaths, remarkable.count < findings.count else { return findings }
        return [.ok("path", "to \(findings.count - remarkable.count) peers the path carries what their tunnels let in")]
            + remarkable
    }

    /// Peers that are named one by one.
    private static let mostPaths = 8

    private func finding(_ tunnel: Tunnel, _ path: Int?) -> Finding {
        let name = "\(tunnel.remote) (\(tunnel.connection))"
        guard let path else {
            return .unchecked("path", "ip(8) does not tell the way to \(name)", "install iproute2")
        }
        let packet = tunnel.mtu + tunnel.overhead
        guard packet > path else {
            return .ok("path", "to \(name) the path carries \(path) octets, its tunnel lets \(tunnel.mtu) in")
        }
        let fitting = max(Self.leastInner, path - tunnel.overhead - Self.padding)
        return .warning(
            "path",
            "to \(name) the path carries \(path) octets, but its tunnel lets \(tunnel.mtu) in, which makes packets of \(packet) "
                + "or more: connections hang after their first packets",
            "set iked { mtu = \(fitting) } at both ends and start iked anew, or see who drops ICMP 'too big' on the way"
        )
    }

    /// Padding of ESP up to a block of 16 octets.
    private static let padding = 15
    /// RFC 791: what every host takes.
    private static let leastInner = 576

    /// What the kernel has learned of each path, or the MTU of the interface that it begins with. The daemon's own packets have
    /// a mark, so that they do not go into a tunnel.
    private func pathMTUs(to remotes: [String]) -> () -> [String: Int] {
        // One process for all of them, which goes on behind one that there is no way to, but not behind what is no address.
        let remotes = remotes.filter { IPAddress($0) != nil }
        guard !remotes.isEmpty else { return { [:] } }
        let questions = remotes.map { "route get \($0) mark \(Self.socketMark)\n" }.joined()
        let answer = host.start(.init("ip", "-force", "-oneline", "-batch", "-", input: questions))
        return { pathMTUs(to: Set(remotes), told: answer?().output ?? "") }
    }

    private func pathMTUs(to known: Set<String>, told routes: String) -> [String: Int] {
        var ofDevices: [Substring: Int] = [:]
        var mtus: [String: Int] = [:]
        for route in routes.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = route.split(separator: UInt8(ascii: " ")).map(Substring.init)
            // The kind of the route may stand in front of the address, as in `local 192.0.2.1 dev lo`.
            guard let remote = words.prefix(2).map(String.init).first(where: known.contains) else { continue }
            func following(_ word: String) -> Substring? {
                words.firstIndex { $0 == word }.flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
            }
            if let learned = following("mtu").flatMap({ Int($0) }) {
                mtus[remote] = learned
            } else if let device = following("dev") {
                ofDevices[device] = ofDevices[device] ?? host.number("/sys/class/net/\(device)/mtu")
                mtus[remote] = ofDevices[device]
            }
        }
        return mtus
    }

    /// As `iked` marks what it sends.
    private static let socketMark = "0x696b65"
}
