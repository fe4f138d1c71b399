// What may keep packets from passing although the SAs stand.

extension Doctor {
    /// Interfaces that packets leave by: up, and not the loopback.
    var links: [Finding] {
        let names = host.names("/sys/class/net").filter { name in
            name != "lo" && ["up", "unknown"].contains(word("/sys/class/net/\(name)/operstate"))
        }
        let sizes = names.compactMap { name in host.number("/sys/class/net/\(name)/mtu").map { (name: name, size: $0) }
        }
        var findings = sizes.filter { $0.size < Self.ordinaryMTU }.map { link -> Finding in
            link.size < Self.leastMTU
                ? .failure(
                    "mtu",
                    "\(link.name) carries \(link.size) octets, too few for IPv6",
                    "ip link set \(link.name) mtu 1500"
                )
                : .warning(
                    "mtu",
                    "\(link.name) carries \(link.size) octets: a tunnel over it carries some 80 less",
                    "set iked { mtu } or clamp TCP's segments if connections hang after their first packets"
                )
        }
        if findings.isEmpty {
            let least = sizes.map(\.size).min()
            findings = [.ok("mtu", least.map { "interfaces carry \($0) octets or more" } ?? "no interface is up")]
        }
        if let mode = host.number("/proc/sys/net/ipv4/ip_no_pmtu_disc"), mode != 0 {
            findings.append(
                .warning("mtu", "path MTU discovery is off (ip_no_pmtu_disc)", "sysctl -w net.ipv4.ip_no_pmtu_disc=0")
            )
        }
        return findings
    }

    /// Less makes the packets in a tunnel noticeably shorter than elsewhere.
    private static let ordinaryMTU = 1400
    /// RFC 8200 section 5.
    private static let leastMTU = 1280

    var forwarding: [Finding] {
        let families = [
            ("IPv4", "net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
            ("IPv6", "net.ipv6.conf.all.forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"),
        ]
        return families.compactMap { family, key, path in
            guard let value = host.number(path) else { return nil }
            if value != 0 { return .ok("forwarding", "\(family) is forwarded") }
            return .warning(
                "forwarding",
                "\(family) is not forwarded: only this host itself can use a tunnel",
                "for networks behind this host: sysctl -w \(key)=1"
            )
        }
    }

    /// Strict filtering (1) drops what comes out of a tunnel when the way back leads elsewhere; loose (2) does not.
    var reversePath: [Finding] {
        let strict = host.names("/proc/sys/net/ipv4/conf").filter {
            $0 != "lo" && host.number("/proc/sys/net/ipv4/conf/\($0)/rp_filter") == 1
        }
        guard !strict.isEmpty else { return [.ok("rp_filter", "no interface filters strictly")] }
        let shown = strict.prefix(4).joined(separator: ", ") + (strict.count > 4 ? ", ..." : "")
        return [
            .warning(
                "rp_filter",
                "strict reverse path filtering (\(shown)) drops packets whose way back is another one",
                "if packets arrive and vanish: sysctl -w net.ipv4.conf.all.rp_filter=2"
            )
        ]
    }

    /// The kernel's short ways for many packets at once.
    var kernel: Finding {
        let release = word("/proc/sys/kernel/osrelease")
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else { return .unchecked("kernel", "its release is not told") }
        let version = (numbers[0], numbers[1])
        let missing = [((5, 0), "UDP_GRO"), ((4, 18), "UDP_SEGMENT"), ((6, 2), "TUN_F_USO")]
            .filter { version < $0.0 }.map { $0.1 }
        guard missing.isEmpty else {
            return .warning(
                "kernel",
                "Linux \(release) has no \(missing.joined(separator: ", ")): everything works, with less throughput",
                "a newer kernel"
            )
        }
        return .ok("kernel", "Linux \(release) has all offloads")
    }

    private func word(_ path: String) -> String {
        String((host.text(path) ?? "").prefix { !$0.isWhitespace })
    }
}
