// Whether this host's own firewall lets IKE and ESP pass.

extension Doctor {
    var firewall: Check {
        if let answer = host.start(.init("nft", "-j", "list", "ruleset")) { return { findings(nftables: answer()) } }
        let answers = ["iptables", "ip6tables"].compactMap { program in
            host.start(.init(program, "-S")).map { (program: program, answer: $0) }
        }
        return {
            answers.isEmpty
                ? [.unchecked("firewall", "neither nft nor iptables is here to show rules")]
                : answers.flatMap { findings(iptables: $0.answer(), of: $0.program) }
        }
    }

    private func findings(nftables result: HostView.ProgramResult) -> [Finding] {
        guard result.status == 0, let filter = PacketFilter(nftables: result.output) else {
            return [.unchecked("firewall", "nft does not show its rules", "run as root")]
        }
        return findings(filter) { chain, packet in
            let what = packet.port.map { "udp dport \($0)" } ?? "meta l4proto esp"
            return "nft insert rule \(chain) \(what) accept"
        }
    }

    private func findings(iptables result: HostView.ProgramResult, of program: String) -> [Finding] {
        guard result.status == 0 else {
            return [.unchecked("firewall", "\(program) does not show its rules", "run as root")]
        }
        return findings(PacketFilter(iptables: result.output)) { chain, packet in
            let what = packet.port.map { "udp --dport \($0)" } ?? "esp"
            return "\(program) -I \(chain) -p \(what) -j ACCEPT"
        }
    }

    private func findings(
        _ filter: PacketFilter,
        allowing: (_ chain: String, _ packet: PacketFilter.Packet) -> String
    ) -> [Finding] {
        let kinds: [(packet: PacketFilter.Packet, name: String)] = [
            (.udp(ikePort), "UDP \(ikePort)"), (.udp(natPort), "UDP \(natPort)"), (.esp, "ESP"),
        ]
        var findings: [Finding] = []
        for (hook, direction) in [("input", "in"), ("output", "out")] {
            for kind in kinds {
                switch filter.verdict(kind.packet, at: hook) {
                case .passes: continue
                case .dropped(let chain):
                    let advice = allowing(chain, kind.packet)
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
