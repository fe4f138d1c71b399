package import IKEWire

/// Why an exchange did not lead where it should: said once, in full, for the person who can act on it.
///
/// The same value decides what the peer learns: `notify` is sent in answer, and nothing but that.
package struct NegotiationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, as scripts and metrics tell failures apart.
    package enum Reason: String, Hashable, Sendable {
        case noProposalChosen = "no-proposal-chosen"
        case invalidKeyExchange = "invalid-ke-payload"
        case authenticationFailed = "authentication-failed"
        case noMatchingConnection = "no-matching-connection"
        case noSharedKey = "no-shared-key"
        case noCredential = "no-credential"
        case addressRefused = "address-refused"
        case trafficSelectorsUnacceptable = "ts-unacceptable"
        case peerUnreachable = "peer-unreachable"
        case peerRestarted = "peer-restarted"
        case invalidMessage = "invalid-message"
        case refusedByPeer = "refused-by-peer"
        case unsupported
        case cryptography
        case noSuchConnection = "no-such-connection"
        case noSuchSA = "no-such-sa"
        case temporaryFailure = "temporary-failure"
        /// As many as may stand for the same traffic.
        case enoughSAs = "ts-max-queue"
        case notUnique = "not-unique"
        case closed
    }

    package var reason: Reason
    /// Whole sentences: what was offered, what is configured, what to change.
    package var message: String
    /// What the peer is told, if anything.
    package var notify: Notify?
    /// What the peer offered, where nothing of it is acceptable here.
    package var offered: [Proposal] = []

    package init(_ reason: Reason, _ message: String, notify: Notify? = nil, offered: [Proposal] = []) {
        self.reason = reason
        self.message = message
        self.notify = notify
        self.offered = offered
    }

    package var description: String { message }
}
