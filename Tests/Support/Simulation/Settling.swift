import IKECore

extension Network {
    /// Lets time pass until every property is content with the end of the run, at most for `limit`; then asks for the last
    /// word. SAs whose lifetimes are short are always being rekeyed, so rest comes only at moments.
    package func settle(within limit: Duration) {
        let end = now + limit
        while violations.isEmpty, now < end, !isAtRest { run(for: Self.settlingStep) }
        if violations.isEmpty { finish() }
    }

    private var isAtRest: Bool { properties.allSatisfy { $0.finish(self) == nil } }

    private static let settlingStep: Duration = .milliseconds(500)
}
