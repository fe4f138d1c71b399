/// What a message is part of (RFC 7296 section 3.1; IANA "IKEv2 Exchange Types").
package struct ExchangeType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let ikeSAInit = Self(rawValue: 34)
    package static let ikeAuth = Self(rawValue: 35)
    package static let createChildSA = Self(rawValue: 36)
    package static let informational = Self(rawValue: 37)
    /// RFC 5723.
    package static let ikeSessionResume = Self(rawValue: 38)
    /// G-IKEv2, as the next three.
    package static let gsaAuth = Self(rawValue: 39)
    package static let gsaRegistration = Self(rawValue: 40)
    package static let gsaRekey = Self(rawValue: 41)
    package static let gsaInbandRekey = Self(rawValue: 42)
    /// RFC 9242.
    package static let ikeIntermediate = Self(rawValue: 43)
    /// RFC 9370.
    package static let ikeFollowupKE = Self(rawValue: 44)
}

extension ExchangeType: CustomStringConvertible {
    /// The registered name; a number for what is not registered.
    package var description: String {
        switch self {
        case .ikeSAInit: "IKE_SA_INIT"
        case .ikeAuth: "IKE_AUTH"
        case .createChildSA: "CREATE_CHILD_SA"
        case .informational: "INFORMATIONAL"
        case .ikeSessionResume: "IKE_SESSION_RESUME"
        case .gsaAuth: "GSA_AUTH"
        case .gsaRegistration: "GSA_REGISTRATION"
        case .gsaRekey: "GSA_REKEY"
        case .gsaInbandRekey: "GSA_INBAND_REKEY"
        case .ikeIntermediate: "IKE_INTERMEDIATE"
        case .ikeFollowupKE: "IKE_FOLLOWUP_KE"
        default: "exchange type \(rawValue)"
        }
    }
}
