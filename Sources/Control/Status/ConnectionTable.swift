/// The blocks of `ikectl list`: what a connection and its children are configured to do.
///
/// ```
/// site-b  IKEv2
///   local   192.0.2.1 as moon.example.org by pre-shared key
///   remote  198.51.100.7 as sun.example.org by pre-shared key
///   offers  aes256gcm16-prfsha384-x25519, aes128-sha256-modp2048
///   times   rekey every 4h, ends after 1d, liveness check 30s
///   net  tunnel
///     local   10.1.0.0/16
///     remote  10.2.0.0/16
///     offers  aes256gcm16-x25519
///     times   rekey every 1h, ends after 1h 06m
///     does    start when loaded
/// ```
struct ConnectionTable {
    let palette: Palette

    func lines(for connection: ConfiguredConnection) -> [Line] {
        var head = Line(palette)
        head.add(connection.name, .strong)
        head.skip(2)
        head.add(connection.version ?? "", .quiet)
        var lines = [head]
        lines += end("local", connection.localAddresses, port: connection.localPort, connection.local)
        lines += end("remote", connection.remoteAddresses, port: connection.remotePort, connection.remote)
        lines += list("offers", connection.proposals, indentation: 2)
        let liveness = connection.dpdDelay.map { "liveness check \(Quantities.period($0))" }
        lines += times(rekey: connection.rekeyTime, life: connection.lifetime, others: [liveness], indentation: 2)
        for child in connection.children { lines += self.lines(for: child) }
        return lines
    }

    private func lines(for child: ConfiguredConnection.Child) -> [Line] {
        var head = Line(palette)
        head.skip(2)
        head.add(child.name, .strong)
        head.skip(2)
        head.add(child.mode?.lowercased() ?? "", .quiet)
        if child.isTrapped { head.add(", trapped", .quiet) }
        let actions = [
            ("when loaded", child.startAction), ("when the peer is dead", child.dpdAction),
            ("when the peer closes it", child.closeAction),
        ].compactMap { occasion, action in
            action.flatMap { $0 == "none" ? nil : "\($0) \(occasion)" }
        }
        var lines = [head]
        lines += list("local", child.localSelectors, indentation: 4)
        lines += list("remote", child.remoteSelectors, indentation: 4)
        lines += list("offers", child.proposals, indentation: 4)
        lines += times(rekey: child.rekeyTime, life: child.lifetime, others: [], indentation: 4)
        return lines + list("does", actions, indentation: 4)
    }

    private func end(
        _ label: String,
        _ addresses: [String],
        port: Int?,
        _ authentications: [ConfiguredConnection.Authentication]
    ) -> [Line] {
        var words = Line.withCommas(
            addresses.map { $0 + (port.flatMap { $0 == Self.ikePort ? nil : " port \($0)" } ?? "") }
        )
        for authentication in authentications {
            if let identity = authentication.identity { words += ["as", identity] }
            if let method = authentication.method { words += ["by", method] }
        }
        return detail(label, words, indentation: 2)
    }

    private func times(rekey: Int?, life: Int?, others: [String?], indentation: Int) -> [Line] {
        var parts = [rekey.map { "rekey every \(Quantities.period($0))" } ?? "no rekeying"]
        if let life { parts.append("ends after \(Quantities.period(life))") }
        return list("times", parts + others.compactMap { $0 }, indentation: indentation)
    }

    private func list(_ label: String, _ items: [String], indentation: Int) -> [Line] {
        detail(label, Line.withCommas(items), indentation: indentation)
    }

    /// A quiet label and words behind it, in as many lines as they need.
    private func detail(_ label: String, _ words: [String], indentation: Int) -> [Line] {
        guard !words.isEmpty else { return [] }
        var line = Line(palette)
        line.skip(indentation)
        line.add(label, .quiet)
        line.move(to: indentation + Self.labelWidth)
        let column = line.column
        return line.filled(with: words.map { ($0, .plain) }) {
            var line = Line(palette)
            line.skip(column)
            return line
        }
    }

    private static let labelWidth = 8
    /// Goes without saying.
    private static let ikePort = 500
}
