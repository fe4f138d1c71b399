/// What holds for every SA of an engine; the names and defaults follow charon's.
package struct Settings: Hashable, Sendable {
    /// When requests are sent again, and when the peer counts as dead.
    package var retransmission = RetransmissionPolicy()
    /// How long a responder keeps an SA whose IKE_AUTH does not come (`half_open_timeout`).
    package var halfOpenTimeout: Duration = .seconds(30)
    /// From this many half-open SAs on, a cookie is asked for before any state is kept (`cookie_threshold`, RFC 7296 section 2.6).
    package var cookieThreshold = 30
    /// The same for the half-open SAs of one peer (`cookie_threshold_ip`).
    package var cookieThresholdPerPeer = 3
    /// From this many half-open SAs of one peer on, its requests are dropped (`block_threshold`).
    package var blockThreshold = 5
    /// From this many half-open SAs on, requests are dropped: the memory that strangers can occupy has an end
    /// (`init_limit_half_open`).
    package var halfOpenLimit = Settings.mostHalfOpen
    /// The limit where none is configured; each half-open SA takes some 10 KiB.
    package static let mostHalfOpen = 4096
    /// Zero bits that puzzles ask for at most; 0 gives none (`puzzle_difficulty`, RFC 8019).
    package var puzzleDifficulty: UInt8 = 18
    /// From this many half-open SAs on, puzzles are given.
    package var puzzleThreshold = 512
    /// How long a CHILD SA that has been replaced and deleted still receives, for packets that the network delayed
    /// (`delete_rekeyed_delay`).
    package var deleteRekeyedDelay: Duration = .seconds(5)
    /// The first pause before a negotiation is begun again; later ones are longer (`retry_initiate_interval`). Nil: a refusal
    /// is final, and silence is followed by the next try at once.
    package var retryInterval: Duration? = .seconds(10)
    /// When a CHILD SA of IKE_AUTH whose proposals have a key exchange is rekeyed for the first time, so that a key exchange
    /// that the ends do not share is found at once and not an hour later (`early_rekey`); nil: when its time has come.
    package var earlyRekey: Duration?
    /// Pause between NAT keepalives (`keep_alive`, RFC 3948 section 4); zero switches them off.
    package var keepaliveInterval: Duration = .seconds(20)
    /// The port that IKE starts on.
    package var ikePort: UInt16 = 500
    /// The port that IKE moves to when a NAT is found.
    package var natTraversalPort: UInt16 = 4500
    /// Octets of the largest IP packet that carries an IKE message; longer ones are sent in fragments where the peer takes
    /// them (`fragment_size`, RFC 7383).
    package var fragmentSize = 1280
    /// No fragment is made shorter than this, whatever the configuration says.
    static let leastMessage = 128
    /// Whether it is tried what the paths to peers take (`probe_path_mtu`).
    package var probesPath = true
    /// How many requests of a peer are taken at a time (SET_WINDOW_SIZE, RFC 7296 section 2.3); one is what every peer
    /// assumes, so that it is not said.
    package var windowSize: UInt32 = 1
    /// CHILD SAs that a peer may have for the same traffic beside the fallback SA (RFC 9611), whatever number of threads we have.
    package var mostOfOneResource = 64
    /// Whether peers may say where their certificates are, for us to fetch them (`hash_and_url`, RFC 7296 section 3.6).
    package var fetchesCertificates = false
    /// Whether keys leave the engine for a packet analyser.
    package var exportsKeys = false
    /// What tests break on purpose.
    package var impairments: Impairments = []

    package init() {}
}

/// Exponential back-off of requests (RFC 7296 section 2.4): the n-th wait is `timeout * base^n`.
package struct RetransmissionPolicy: Hashable, Sendable {
    /// The first wait (`retransmit_timeout`).
    package var timeout: Duration = .seconds(4)
    /// What each wait is multiplied by to give the next one (`retransmit_base`).
    package var base: Double = 1.8
    /// How many times a request is sent again before the peer is given up (`retransmit_tries`).
    package var tries = 5

    package init() {}

    /// No single wait is longer, whatever the configuration multiplies up to.
    static let longestWait: Duration = .seconds(3600)

    /// How long a request is repeated before its peer is given up.
    package var patience: Duration {
        var (patience, attempt) = (Duration.zero, 0)
        while attempt <= tries && patience < Self.longestWait {
            patience += wait(afterAttempt: attempt)
            attempt += 1
        }
        return patience
    }

    /// The wait after the `attempt`-th sending, counted from 0.
    func wait(afterAttempt attempt: Int) -> Duration {
        var wait = timeout
        for _ in 0..<max(0, attempt) {
            wait = wait * base
            if wait > Self.longestWait { return Self.longestWait }
        }
        return wait
    }
}
