/// What both programs of this package say about themselves; it stands here because both speak VICI.
package enum Software {
    /// The release, as `ikectl version` and the daemon's `version` command print it.
    package static let version = "0.1.0"
}
