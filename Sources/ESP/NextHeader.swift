import Inet

/// What ESP's Next Header says of the payload in tunnel mode (RFC 4303 section 2.6).
enum NextHeader: UInt8 {
    case ipv4 = 4
    case ipv6 = 41
    /// "No next header": a dummy packet, which hides that there is nothing to send.
    case dummy = 59

    /// For a packet with this IP version; nil for any but 4 and 6.
    init?(version: UInt8) {
        switch version {
        case 4: self = .ipv4
        case 6: self = .ipv6
        default: return nil
        }
    }

    /// For a packet of this family.
    init(_ family: IPAddress.Family) {
        switch family {
        case .v4: self = .ipv4
        case .v6: self = .ipv6
        }
    }
}
