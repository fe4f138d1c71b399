import DataPlane
import IKECore
import Inet
import LinuxNet
import SwanConf

// What is done outside of the daemon when SAs come and go: updown scripts, and name servers.

/// What was done for SAs that stand, and is undone when they go.
struct HookedSAs {
    /// A CHILD SA whose script was told that it is up.
    struct Child {
        let connection: String
        let script: [String]
        let calls: [UpdownEnvironment.Call]
    }

    /// By the ids of CHILD SAs.
    var children: [UInt32: Child] = [:]
    /// Whom to ask for names, by the ids of IKE SAs.
    var dns: [UInt32: InnerDNS] = [:]

    /// Servers and domains of all SAs together, those of the oldest first. A domain counts only where no SA is for all names.
    var resolvers: (servers: [String], domains: [String]) {
        let all = dns.sorted { $0.key < $1.key }.map(\.value)
        func unique(_ texts: [String]) -> [String] {
            texts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
        let domains = all.contains { $0.domains.isEmpty } ? [] : all.flatMap(\.domains)
        return (unique(all.flatMap { $0.servers.map(\.description) }), unique(domains))
    }
}

extension Configuration {
    /// The command lines of scripts.
    var hookCommands: [String] {
        Set(connections.flatMap(\.children).compactMap { $0.updown?.joined(separator: " ") }).sorted()
    }

    /// Whether anything is to be done outside of the daemon.
    var needsHooks: Bool {
        connections.contains { connection in
            connection.children.contains { $0.updown != nil }
                || !connection.vips.isEmpty && daemon.installDNS != .no
        }
    }
}

extension Daemon {
    /// How long the end waits for the scripts that it calls.
    static let hooksGrace: Duration = .seconds(5)

    func hook(_ event: Event) {
        switch event {
        case .childEstablished(let childSA, let sa): hookUp(childSA, sa)
        case .childRekeyed(let old, let new, _): hooked.children[new.id] = hooked.children.removeValue(forKey: old.id)
        case .childClosed(let childSA, _, _):
            if let child = hooked.children.removeValue(forKey: childSA.id) { callScript(of: child, isUp: false) }
        case .ikeEstablished(let sa):
            guard !sa.dns.servers.isEmpty, store.file.daemon.installDNS != .no else { return }
            changeResolvers { $0.dns[sa.id] = sa.dns }
        case .ikeRekeyed(let old, let new): changeResolvers { $0.dns[new.id] = $0.dns.removeValue(forKey: old.id) }
        case .ikeClosed(let sa, _): changeResolvers { $0.dns[sa.id] = nil }
        case .childTrapped, .childFailed, .ikeFailed, .retransmitted, .ikeMoving, .answered, .traced, .commandFinished:
            break
        }
    }

    private func hookUp(_ childSA: ChildSA, _ sa: IKESASummary) {
        let children = store.connection(named: childSA.connection)?.children ?? []
        // A script is told of the tunnel, not of the SAs that its threads have beside each other.
        guard !childSA.isOfOneResource, let script = children.first(where: { $0.name == childSA.name })?.updown else {
            return
        }
        let calls = UpdownEnvironment.calls(for: childSA, sa, interface: tunnels.dataPlane.deviceName)
        let child = HookedSAs.Child(connection: childSA.connection, script: script, calls: calls)
        hooked.children[childSA.id] = child
        callScript(of: child, isUp: true)
    }

    private func callScript(of child: HookedSAs.Child, isUp: Bool) {
        for call in child.calls {
            submit(.script(child.script, environment: call.environment(isUp: isUp)), connection: child.connection)
        }
    }

    private func changeResolvers(_ change: (inout HookedSAs) -> Void) {
        let before = hooked.resolvers
        change(&hooked)
        let now = hooked.resolvers
        guard now != before else { return }
        setResolvers(now.servers, now.domains)
    }

    private func setResolvers(_ servers: [String], _ domains: [String]) {
        let interface = tunnels.dataPlane.deviceName
        guard let choice = ResolverTool.Choice(store.file.daemon.installDNS) else { return }
        submit(.resolvers(interface: interface, choice, servers: servers, domains: domains))
    }

    private func submit(_ request: HookRequest, connection: String? = nil) {
        guard let hooks else {
            let what =
                switch request {
                case .permit: "no script can be run"
                case .script(let arguments, _): "\(arguments.first ?? "updown") is not run"
                case .resolvers(_, _, let servers, _): "\(servers.joined(separator: ", ")) will not be asked for names"
                }
            log(
                .warning,
                "\(what): when iked started nothing of the kind was configured, or its helper is gone; start it anew",
                connection: connection
            )
            return
        }
        if let failure = hooks.submit(request) { log(.error, failure, connection: connection) }
    }

    /// - Parameter token: of the watch over the hook runner's socket.
    func collectFromHooks(_ token: UInt64) {
        guard let hooks else { return }
        for report in hooks.collect() { log(report) }
        guard hooks.isGone else { return }
        loop.unwatch(token, hooks.raw)
        self.hooks = nil
        log(.error, "the helper that runs updown scripts and tells of name servers is gone; start iked anew")
    }

    private func log(_ report: HookReport) {
        for line in report.lines { log(report.hasFailed ? .warning : .info, line) }
    }

    /// The daemon ends: what still stands is undone, while the device is there.
    func finishHooks() {
        guard let hooks else { return }
        for (_, child) in hooked.children.sorted(by: { $0.key < $1.key }) { callScript(of: child, isUp: false) }
        if !hooked.dns.isEmpty { setResolvers([], []) }
        for report in hooks.finish(limit: Self.hooksGrace) { log(report) }
        self.hooks = nil
    }
}

extension ResolverTool.Choice {
    /// Nil: none is wanted.
    init?(_ setting: DaemonSettings.InstallDNS) {
        switch setting {
        case .no: return nil
        case .auto: self = .auto
        case .resolvectl: self = .resolvectl
        case .resolvconf: self = .resolvconf
        }
    }
}
