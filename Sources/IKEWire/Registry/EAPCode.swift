/// What an EAP message is (RFC 3748 section 4; IANA "EAP Packet Codes").
package struct EAPCode: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let request = Self(rawValue: 1)
    package static let response = Self(rawValue: 2)
    package static let success = Self(rawValue: 3)
    package static let failure = Self(rawValue: 4)
    /// Re-authentication (RFC 6696), as the next one.
    package static let initiate = Self(rawValue: 5)
    package static let finish = Self(rawValue: 6)
}

extension EAPCode: CustomStringConvertible {
    /// A name; a number for what is not registered.
    package var description: String {
        switch self {
        case .request: "EAP Request"
        case .response: "EAP Response"
        case .success: "EAP Success"
        case .failure: "EAP Failure"
        case .initiate: "EAP Initiate"
        case .finish: "EAP Finish"
        default: "EAP code \(rawValue)"
        }
    }
}
