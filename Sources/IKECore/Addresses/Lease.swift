package import IKECrypto
package import IKEWire
package import Inet

/// An address of a pool and whose it is, as people see it, and as it is kept while the daemon is not running.
package struct Lease: Hashable, Sendable {
    package let pool: String
    package let address: IPAddress
    package let identity: Identification
    /// Whether an IKE SA uses it.
    package let isOnline: Bool
    /// How long it has been so.
    package let since: UnixTime

    package init(pool: String, address: IPAddress, identity: Identification, isOnline: Bool, since: UnixTime) {
        self.pool = pool
        self.address = address
        self.identity = identity
        self.isOnline = isOnline
        self.since = since
    }
}
