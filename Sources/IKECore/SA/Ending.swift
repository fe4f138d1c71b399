/// Why an IKE SA has ended that no failure has ended: reasons of `Event.ikeClosed` that those who watch may tell apart.
package enum Ending {
    package static let deletedByPeer = "deleted by the peer"
    package static let asked = "asked to"
    package static let shuttingDown = "shutting down"
    package static let lifetimeEnded = "its lifetime ended"
    package static let notRenewed = "nobody authenticated again in time (reauth_time)"
    /// Another IKE SA of the same peer takes its place (`unique`).
    static func replaced(by id: UInt32) -> String { "replaced by IKE SA {\(id)} of the same peer (unique)" }
    package static func isReplacement(_ reason: String) -> Bool { reason.hasSuffix("of the same peer (unique)") }
    package static let notConfigured = "its connection is not configured any more"
    package static let stale = "it is not as its connection is configured, and nothing took its place in time"
}
