// The addresses that peers have of us, for those who look at them and who keep them from one run to the next.

extension Endpoint {
    /// How many addresses of a pool are in use, and how many are kept for peers that are gone.
    package func usage(of pool: String) -> (online: Int, offline: Int) { leases.usage(of: pool) }

    /// The leases of a pool: the longest gone first, those in use last.
    package func leases(of pool: String) -> [Lease] { leases.all(of: pool) }

    /// The leases of all pools, as `restore` takes them.
    package var allLeases: [Lease] { leases.all }

    /// Another number than before: `allLeases` has changed.
    package var leaseChanges: UInt64 { leases.changes }

    /// Takes up the leases of an engine before this one: who had an address gets it again.
    package func restore(_ leases: [Lease]) { self.leases.restore(leases) }
}
