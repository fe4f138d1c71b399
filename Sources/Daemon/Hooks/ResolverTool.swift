/// The program of this host that is told whom to ask for names behind an interface.
enum ResolverTool: Equatable {
    /// Of systemd-resolved: each interface has servers and domains of its own.
    case resolvectl(String)
    /// Of openresolv and its like, which write /etc/resolv.conf: names are not told apart by domain.
    case resolvconf(String)

    /// `install_dns`
    enum Choice: String {
        case auto, resolvectl, resolvconf
    }

    /// One call of the program.
    struct Call: Equatable {
        var path: String
        var arguments: [String]
        var input = ""
    }

    static let directories = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]

    /// - Parameter exists: whether there is a file at a path.
    init?(_ choice: Choice, exists: (String) -> Bool) {
        func path(_ name: String) -> String? { Self.directories.map { "\($0)/\(name)" }.first(where: exists) }
        let resolvectl = path("resolvectl").map { ResolverTool.resolvectl($0) }
        let resolvconf = path("resolvconf").map { ResolverTool.resolvconf($0) }
        let tool =
            switch choice {
            // A resolvectl that is installed is of use only where systemd-resolved runs.
            case .auto: exists("/run/systemd/resolve") ? resolvectl ?? resolvconf : resolvconf
            case .resolvectl: resolvectl
            case .resolvconf: resolvconf
            }
        guard let tool else { return nil }
        self = tool
    }

    /// The calls that have these servers asked for these domains, or for all names where there is none.
    func set(_ interface: String, servers: [String], domains: [String]) -> [Call] {
        switch self {
        case .resolvectl(let path):
            // A tilde keeps a domain from being tried behind short names; a dot alone is every domain.
            let routes = domains.isEmpty ? ["~."] : domains.map { "~\($0)" }
            return [
                Call(path: path, arguments: ["dns", interface] + servers),
                Call(path: path, arguments: ["domain", interface] + routes),
                Call(path: path, arguments: ["default-route", interface, domains.isEmpty ? "yes" : "no"]),
            ]
        case .resolvconf(let path):
            let search = domains.isEmpty ? "" : "search \(domains.joined(separator: " "))\n"
            let lines = servers.map { "nameserver \($0)\n" }.joined() + search
            return [Call(path: path, arguments: ["-a", interface], input: lines)]
        }
    }

    func revert(_ interface: String) -> [Call] {
        switch self {
        case .resolvectl(let path): [Call(path: path, arguments: ["revert", interface])]
        case .resolvconf(let path): [Call(path: path, arguments: ["-d", interface])]
        }
    }
}
