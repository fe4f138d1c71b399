import Glibc

/// The checks of `ikectl doctor`: functions of what a host shows.
struct Doctor {
    let host: HostView
    var ikePort = 500
    var natPort = 4500

    /// What the daemon is asked for.
    struct DaemonAnswer {
        /// Whether there is a daemon.
        var finding: Finding
        /// The CHILD SAs that stand.
        var tunnels: [Tunnel] = []
    }

    /// The rest of a check that has started programs of the host: waits for them and says what was found.
    typealias Check = () -> [Finding]

    /// In the order in which one would repair them. The programs of the host work at the same time, and while the daemon does.
    func findings(_ daemon: () -> DaemonAnswer) -> [Finding] {
        let firewall = firewall
        let clock = clock
        let answer = daemon()
        let paths = paths(answer.tunnels)
        return [answer.finding, device] + capabilities + ports + otherDaemons + firewall() + clock() + links + paths()
            + forwarding + reversePath + [kernel]
    }

    // MARK: - What the daemon needs to start

    var device: Finding {
        switch host.tunError() {
        case 0: .ok("device", "/dev/net/tun opens")
        case ENOENT, ENODEV, ENXIO:
            .failure(
                "device",
                "/dev/net/tun is missing",
                "modprobe tun; in a container pass it in: --device /dev/net/tun"
            )
        case EACCES, EPERM:
            .failure("device", "/dev/net/tun may not be opened", "run as root, or let this user and its cgroup open it")
        case let code: .failure("device", "/dev/net/tun does not open: \(String(cString: strerror(code)))", "see dmesg")
        }
    }

    /// Of this process and of all that can come of it; that of a service is set by its unit.
    var capabilities: [Finding] {
        let status = host.text("/proc/self/status") ?? ""
        guard let effective = Self.capabilities("CapEff", status), let bounding = Self.capabilities("CapBnd", status)
        else {
            return [.unchecked("rights", "/proc/self/status does not tell the capabilities")]
        }
        func has(_ mask: UInt64, _ number: UInt64) -> Bool { mask >> number & 1 == 1 }
        var findings: [Finding] = []
        if !has(bounding, Self.netAdmin) {
            findings.append(
                .failure("rights", "no process here can have CAP_NET_ADMIN", "give the container --cap-add NET_ADMIN")
            )
        } else if !has(effective, Self.netAdmin) {
            findings.append(
                .warning("rights", "ikectl runs without CAP_NET_ADMIN and sees little", "run it as root")
            )
        }
        if !has(bounding, Self.netRaw) {
            findings.append(
                .warning(
                    "rights",
                    "no process here can have CAP_NET_RAW: ESP goes in UDP only",
                    "nothing, unless a peer knows no NAT traversal: then --cap-add NET_RAW"
                )
            )
        }
        return findings.isEmpty ? [.ok("rights", "CAP_NET_ADMIN and CAP_NET_RAW can be had")] : findings
    }

    private static let netAdmin: UInt64 = 12
    private static let netRaw: UInt64 = 13

    private static func capabilities(_ name: String, _ status: String) -> UInt64? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) }
    }

    // MARK: - Ports

    var ports: [Finding] { [ikePort, natPort].map(port) }

    private func port(_ number: Int) -> Finding {
        let found = ["udp", "udp6"].flatMap { sockets(at: number, host.text("/proc/net/\($0)") ?? "") }
        guard let first = found.first else { return .ok("ports", "UDP \(number) is free") }
        guard let owner = owner(of: Set(found)) else {
            return .warning("ports", "UDP \(number) is in use, by socket \(first)", "ss -ulpn as root tells by whom")
        }
        if owner.name == "iked" { return .ok("ports", "UDP \(number) is iked's (process \(owner.id))") }
        return .failure(
            "ports",
            "UDP \(number) is in use by \(owner.name) (process \(owner.id))",
            "stop it, or set iked { \(number == natPort ? "port_nat_t" : "port") = ... }"
        )
    }

    /// The inodes of the sockets of `/proc/net/udp` with this local port.
    private func sockets(at port: Int, _ table: String) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, let number = fields[1].split(separator: ":").last, Int(number, radix: 16) == port
            else { return nil }
            return String(fields[9])
        }
    }

    private func owner(of inodes: Set<String>) -> (id: Int, name: String)? {
        let targets = Set(inodes.map { "socket:[\($0)]" })
        return host.processes.first { process in
            host.names("/proc/\(process.id)/fd").contains { descriptor in
                host.target("/proc/\(process.id)/fd/\(descriptor)").map { targets.contains($0) } ?? false
            }
        }
    }

    /// The names that IKE daemons go by in `/proc/PID/comm`, which cuts them after 15 octets.
    private static let daemons: Set = [
        "charon", "charon-systemd", "charon-nm", "charon-cmd", "pluto", "racoon", "isakmpd",
    ]

    var otherDaemons: [Finding] {
        let found = host.processes.filter { Self.daemons.contains($0.name) }
        guard !found.isEmpty else { return [.ok("others", "no other IKE daemon runs")] }
        return found.map { process in
            .warning(
                "others",
                "\(process.name) runs (process \(process.id)): it wants the same ports, and its policies in the kernel may "
                    + "take the packets",
                "stop and disable it"
            )
        }
    }

    // MARK: - Time

    var clock: Check {
        let answer = host.start(.init("timedatectl", "show", "--property=NTPSynchronized", "--value"))
        return { [finding(ofClock: answer?())] }
    }

    private func finding(ofClock answer: HostView.ProgramResult?) -> Finding {
        guard host.seconds() > Self.someTimeAgo else {
            return .failure("clock", "the clock says a year before 2025", "set it: certificates are judged by it")
        }
        switch answer?.output.prefix(while: { !$0.isWhitespace }) {
        case "yes"?: return .ok("clock", "it is synchronized")
        case "no"?:
            return .warning(
                "clock",
                "nothing keeps it right",
                "run chrony or systemd-timesyncd: certificates are judged by it"
            )
        default: return .unchecked("clock", "its year is sane; no timedatectl tells whether it is synchronized")
        }
    }

    /// The first of January 2025.
    private static let someTimeAgo: Int64 = 1_735_689_600
}
