package import IKECrypto
package import Inet

/// A server that may be asked.
package struct RADIUSServer: Sendable {
    /// What people call it.
    package let name: String
    /// Where it is; nil while that is not known.
    package var address: SocketAddress?
    /// What it and this host share.
    package let secret: SecretBytes

    package init(name: String, address: SocketAddress?, secret: SecretBytes) {
        self.name = name
        self.address = address
        self.secret = secret
    }
}

/// How long servers are waited for.
package struct RADIUSPatience: Sendable {
    /// How long the first transmission of a request waits for an answer.
    package var timeout: Duration
    /// The factor by which each further wait is longer than the one before.
    package var base: Double
    /// How many times a request is sent again before its server counts as dead.
    package var repetitions: Int
    /// How long a dead server is asked only when no other is left, and then by one login at a time.
    package var deadTime: Duration
    /// How long after a login in vain the next one may try a dead server.
    package var trialPause: Duration = .seconds(5)

    package init(
        timeout: Duration = .seconds(2),
        base: Double = 1.4,
        repetitions: Int = 3,
        deadTime: Duration = .seconds(60)
    ) {
        self.timeout = timeout
        self.base = base
        self.repetitions = repetitions
        self.deadTime = deadTime
    }
}
