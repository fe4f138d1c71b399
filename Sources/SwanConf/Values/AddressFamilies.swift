import Inet

/// Tells whether two ends can speak to each other at all.
enum AddressFamilies {
    /// True when a family is on both sides; nil stands for both families.
    static func meet(_ local: [IPAddress.Family?], _ remote: [IPAddress.Family?]) -> Bool {
        local.contains(nil) || remote.contains(nil) || local.contains(where: remote.contains)
    }
}
