// Whether this host's own firewall lets IKE and ESP pass.

extension Doctor {
    var firewall: [Finding] {
        if let result = host.run("nft", ["-j", "list", "ruleset"], nil) {
            guard result.status == 0, let filter = PacketFilter(nftables: result.output) else {
                return [.unchecked("firewall", "nft does not show its rules", "run as root")]
            }
            return findings(filter) { chain, what in "nft insert rule \(chain) \(what) accept" }
        }
        let tables = ["iptables", "ip6tables"].compactMap { program in
            host.run(program, ["-S"], nil).map { (program: program, result: $0) }
        }
        guard !tables.isEmpty else { return [.unchecked("firewall", "neither nft nor iptables is here to show rules")] }
        return tables.flatMap { program, result -> [Finding] in
            guard result.status == 0 else {
                return [.unchecked("firewall", "\(program) does not show its rules", "run as root")]
            }
            return findings(PacketFilter(iptables: result.output)) { chain, what in
                "\(program) -I \(chain) -p \(what.replacing("udp dport", with: "udp --dport")) -j ACCEPT"
            }
        }
    }

    private func findings(_ filter: PacketFilter, allowing: (_ chain: String, _ what: String) -> String) -> [Finding] {
        let kinds: [(packet: PacketFilter.Packet, name: String, rule: String)] = [
            (.udp(ikePort), "UDP \(ikePort)", "udp dport \(ikePort)"),
            (.udp(natPort), "UDP \(natPort)", "udp dport \(natPort)"),
            (.esp, "ESP", host.usesNFTables ? "meta l4proto esp" : "esp"),
        ]
        var findings: [Finding] = []
        for (hook, direction) in [("input", "in"), ("output", "out")] {
            for kind in kinds {
                switch filter.verdict(kind.packet, at: hook) {
                case .passes: continue
                case .dropped(let chain):
                    let advice = allowing(chain, kind.rule)
                    let message = "\(kind.name) does not get \(direction): the chain '\(chain)' drops it"
                    // Without ESP of its own everything still goes in UDP.
                    let isESP = kind.packet.port == nil
                    findings.append(
                        isESP
                            ? .warning("firewall", message, advice + "; or set encap = yes")
                            : .failure("firewall", message, advice)
                    )
                case .depends(let chain):
                    findings.append(
                        .warning(
                            "firewall",
                            "whether \(kind.name) gets \(direction) depends on more than can be seen here (chain '\(chain)')",
                            "look at its rules for addresses and interfaces of the peers"
                        )
                    )
                }
            }
        }
        return findings.isEmpty
            ? [.ok("firewall", "this host's rules let UDP \(ikePort), UDP \(natPort) and ESP pass")] : findings
    }
}

extension HostView {
    fileprivate var usesNFTables: Bool { run("nft", ["--version"], nil) != nil }
}
