import Inet

/// Tells whether two ends can speak to each other at all.
enum AddressFamilies {
    /// True when a family is on both sides; nil stands for both families.
    static func meet(_ local: [IPAddress.Family?], _ remote: [IPAddress.Family?]) -> Bool {
        let ofLocal = Set(local)
        let ofRemote = Set(remote)
        return ofLocal.contains(nil) || ofRemote.contains(nil) || !ofLocal.isDisjoint(with: ofRemote)
    }
}
