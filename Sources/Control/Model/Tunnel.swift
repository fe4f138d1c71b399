import IKEWire

/// A connection as a whole, or one of its children, as a person names it: `site-b`, `net`, `site-b/net`.
struct Tunnel: CustomStringConvertible {
    var connection: String
    /// Nil for the whole connection.
    var child: String?

    /// Fit for a terminal.
    var description: String { Columns.printable(child.map { "\(connection)/\($0)" } ?? connection) }
}

extension StatusReport.Connection {
    /// The names of its children, configured or not, in order and without repetition.
    var childNames: [String] {
        var seen: Set<String> = []
        let present = ikeSAs.lazy.flatMap { $0.children.lazy.map(\.name) }
        return ((configuration?.children.map(\.name) ?? []) + present).filter { seen.insert($0).inserted }
    }
}

extension StatusReport {
    /// What a name means: the connection called so; else every child called so, alone or behind its connection's name.
    func tunnels(named name: String) -> [Tunnel] {
        if connections.contains(where: { $0.name == name }) { return [Tunnel(connection: name, child: nil)] }
        var found: [Tunnel] = []
        for connection in connections {
            for child in connection.childNames where child == name || "\(connection.name)/\(child)" == name {
                found.append(Tunnel(connection: connection.name, child: child))
            }
        }
        return found
    }

    /// The one tunnel that a name means.
    func tunnel(named name: String) throws(Failure) -> Tunnel {
        let found = tunnels(named: name)
        guard let first = found.first else { throw unknown(name) }
        guard found.count == 1 else {
            throw .failed("'\(name)' is not clear, say one of: \(found.map(\.description).joined(separator: ", "))")
        }
        return first
    }

    /// The error for a name that means nothing, with what was probably meant.
    func unknown(_ name: String) -> Failure {
        let connectionNames = connections.map(\.name)
        guard !connectionNames.isEmpty else { return .failed("no connection '\(name)': none is configured") }
        let known = connections.flatMap { connection in
            [connection.name] + connection.childNames.flatMap { [$0, "\(connection.name)/\($0)"] }
        }
        if let nearest = Spelling.nearest(to: name, among: known) {
            return .failed("no connection or child '\(name)', did you mean '\(nearest)'?")
        }
        let shown = connectionNames.prefix(Self.namesShown).joined(separator: ", ")
        let more = connectionNames.count > Self.namesShown ? ", ..." : ""
        return .failed("no connection or child '\(name)', the connections are: \(shown)\(more)")
    }

    private static let namesShown = 12
}
