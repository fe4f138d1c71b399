/// What an attribute says: those that are sent or read here (RFC 2865, 2866, 2869, 3162, 6911).
package struct AttributeType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    // RFC 2865 section 5.
    package static let userName = Self(rawValue: 1)
    package static let nasIPAddress = Self(rawValue: 4)
    package static let nasPort = Self(rawValue: 5)
    package static let serviceType = Self(rawValue: 6)
    package static let framedIPAddress = Self(rawValue: 8)
    package static let replyMessage = Self(rawValue: 18)
    package static let state = Self(rawValue: 24)
    /// `Class` in the RFC.
    package static let accountingClass = Self(rawValue: 25)
    package static let vendorSpecific = Self(rawValue: 26)
    package static let sessionTimeout = Self(rawValue: 27)
    package static let calledStationID = Self(rawValue: 30)
    package static let callingStationID = Self(rawValue: 31)
    package static let nasIdentifier = Self(rawValue: 32)
    package static let nasPortType = Self(rawValue: 61)

    // RFC 2866 section 5 and RFC 2869 section 5.
    package static let accountingStatusType = Self(rawValue: 40)
    package static let accountingInputOctets = Self(rawValue: 42)
    package static let accountingOutputOctets = Self(rawValue: 43)
    package static let accountingSessionID = Self(rawValue: 44)
    package static let accountingAuthentic = Self(rawValue: 45)
    package static let accountingSessionTime = Self(rawValue: 46)
    package static let accountingInputPackets = Self(rawValue: 47)
    package static let accountingOutputPackets = Self(rawValue: 48)
    package static let accountingTerminateCause = Self(rawValue: 49)
    package static let accountingInputGigawords = Self(rawValue: 52)
    package static let accountingOutputGigawords = Self(rawValue: 53)
    package static let eventTimestamp = Self(rawValue: 55)
    package static let eapMessage = Self(rawValue: 79)
    package static let messageAuthenticator = Self(rawValue: 80)
    package static let accountingInterimInterval = Self(rawValue: 85)
    package static let nasPortID = Self(rawValue: 87)

    // RFC 3162 section 2 and RFC 6911 section 3.1.
    package static let nasIPv6Address = Self(rawValue: 95)
    package static let framedIPv6Prefix = Self(rawValue: 97)
    package static let framedIPv6Address = Self(rawValue: 168)
}

extension AttributeType: CustomStringConvertible {
    /// As the RFCs write it; those whose content is read by name, the number of others.
    package var description: String {
        switch self {
        case .userName: "User-Name"
        case .framedIPAddress: "Framed-IP-Address"
        case .replyMessage: "Reply-Message"
        case .state: "State"
        case .accountingClass: "Class"
        case .vendorSpecific: "Vendor-Specific"
        case .sessionTimeout: "Session-Timeout"
        case .eapMessage: "EAP-Message"
        case .messageAuthenticator: "Message-Authenticator"
        case .accountingInterimInterval: "Acct-Interim-Interval"
        case .framedIPv6Prefix: "Framed-IPv6-Prefix"
        case .framedIPv6Address: "Framed-IPv6-Address"
        default: "attribute \(rawValue)"
        }
    }
}
