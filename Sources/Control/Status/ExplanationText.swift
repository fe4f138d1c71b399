/// What `ikectl explain` prints: how a connection stands, and the failures with what to do about them.
///
/// ```
/// ○ office is down
///     tries   again in 12s, for the 4th time
///
///   failed 2m 04s ago, 3 times in a row, as responder for 203.0.113.9:500
///     why     no IKE proposal in common (NO_PROPOSAL_CHOSEN): the peer offers IKE:AES_CBC_128/..., configured is ...
///     theirs  IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048
///     ours    IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384
///     change  connections.office.proposals: add aes128-sha256-modp2048, which the peer offers, or have ...
/// ```
struct ExplanationText {
    let palette: Palette
    var limit = Line.standardLimit

    /// How a connection stands.
    func lines(for connection: StatusReport.Connection, _ explanation: Explanation) -> [String] {
        let liveness = connection.liveness
        let (mark, style): (String, Palette.Style) =
            switch liveness {
            case .up: (palette.filled, .good)
            case .partial, .connecting: (palette.half, .warning)
            case .down: (palette.hollow, .bad)
            case .waiting: (palette.hollow, .quiet)
            }
        var head = Line(palette, limit: limit)
        head.add(mark, style)
        head.skip(1)
        head.add(connection.name, .strong)
        head.add(" " + words(for: connection, explanation))
        var lines = [head.rendered]
        if let next = explanation.nextTry {
            lines += detail(
                "tries",
                "again in \(Quantities.duration(next.wait)), for the \(Self.ordinal(next.number)) time"
            )
        }
        if liveness != .up, let closed = explanation.closed {
            lines += detail("closed", "\(Quantities.duration(closed.age)) ago: \(closed.reason)")
        }
        return lines + explanation.failures.flatMap { [""] + self.lines(for: $0, names: false) }
    }

    /// A failure; with its connection where the reader does not know that.
    func lines(for failure: Explanation.Failure, names: Bool) -> [String] {
        var head = Line(palette, limit: limit)
        head.skip(2)
        if names {
            let tunnel = failure.connection.map { Tunnel(connection: $0, child: failure.knownChild).description }
            head.add(tunnel ?? "no connection", .strong)
            head.skip(1)
        } else if let child = failure.child {
            head.add(child.isEmpty ? "a CHILD SA" : "child \(child)", .strong)
            head.skip(1)
        }
        var words = "failed \(Quantities.duration(failure.age)) ago"
        if failure.count > 1 { words += ", \(Quantities.count(failure.count, "time")) in a row" }
        words += ", as \(failure.role)"
        if let remote = failure.remote { words += failure.role == "responder" ? " for \(remote)" : " to \(remote)" }
        head.add(words, .warning)
        var lines = [head.rendered] + detail("why", failure.message)
        if !failure.offered.isEmpty { lines += detail("theirs", failure.offered.joined(separator: ", ")) }
        if !failure.configured.isEmpty { lines += detail("ours", failure.configured.joined(separator: ", ")) }
        if let setting = failure.setting {
            lines += detail("change", setting + (failure.advice.map { ": \($0)" } ?? ""))
        }
        return lines
    }

    private func words(for connection: StatusReport.Connection, _ explanation: Explanation) -> String {
        let missing = connection.missingChildren.map(\.name).joined(separator: ", ")
        switch connection.liveness {
        case .up: return "is up"
        case .partial: return "is up, but without CHILD SA \(missing)"
        case .connecting: return "is being negotiated now"
        case .waiting where connection.configuration?.waitsForPeers ?? false:
            return explanation.failures.isEmpty ? "waits for peers; none has tried" : "waits for peers"
        case .waiting: return "waits for a packet that wants it"
        case .down where explanation.failures.isEmpty && explanation.closed == nil && explanation.nextTry == nil:
            return
                "is down, and nothing has been tried: bring it up with 'ikectl up \(connection.name)', or set start_action"
        case .down: return "is down"
        }
    }

    /// A label, and words that go on under each other.
    private func detail(_ label: String, _ text: String) -> [String] {
        func blank() -> Line {
            var line = Line(palette, limit: limit)
            line.skip(StatusLayout.valueColumn)
            return line
        }
        var line = Line(palette, limit: limit)
        line.skip(StatusLayout.labelColumn)
        line.add(label, .quiet)
        line.move(to: StatusLayout.valueColumn)
        let words = text.split(separator: " ").map { (text: String($0), style: Palette.Style.plain) }
        return line.filled(with: words, next: blank).map(\.rendered)
    }

    private static func ordinal(_ number: Int) -> String {
        switch (number % 10, number % 100) {
        case (_, 11...13): "\(number)th"
        case (1, _): "\(number)st"
        case (2, _): "\(number)nd"
        case (3, _): "\(number)rd"
        default: "\(number)th"
        }
    }
}

extension Explanation.Failure {
    fileprivate var knownChild: String? { child.flatMap { $0.isEmpty ? nil : $0 } }
}
