/// Which payload follows (RFC 7296 section 3.2; IANA "IKEv2 Payload Types").
package struct PayloadType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// No payload follows.
    package static let none = Self(rawValue: 0)
    package static let securityAssociation = Self(rawValue: 33)
    package static let keyExchange = Self(rawValue: 34)
    package static let identificationInitiator = Self(rawValue: 35)
    package static let identificationResponder = Self(rawValue: 36)
    package static let certificate = Self(rawValue: 37)
    package static let certificateRequest = Self(rawValue: 38)
    package static let authentication = Self(rawValue: 39)
    package static let nonce = Self(rawValue: 40)
    package static let notify = Self(rawValue: 41)
    package static let delete = Self(rawValue: 42)
    package static let vendorID = Self(rawValue: 43)
    package static let trafficSelectorsInitiator = Self(rawValue: 44)
    package static let trafficSelectorsResponder = Self(rawValue: 45)
    package static let encrypted = Self(rawValue: 46)
    package static let configuration = Self(rawValue: 47)
    package static let eap = Self(rawValue: 48)
    /// Generic secure password method (RFC 6467).
    package static let genericSecurePassword = Self(rawValue: 49)
    /// Group identification (G-IKEv2).
    package static let groupIdentification = Self(rawValue: 50)
    /// Group security association (G-IKEv2).
    package static let groupSecurityAssociation = Self(rawValue: 51)
    /// Key download (G-IKEv2).
    package static let keyDownload = Self(rawValue: 52)
    /// A fragment of an encrypted payload (RFC 7383).
    package static let encryptedFragment = Self(rawValue: 53)
    /// A puzzle's solution (RFC 8019).
    package static let puzzleSolution = Self(rawValue: 54)
}

extension PayloadType: CustomStringConvertible {
    /// The notation of the RFCs: "SA", "KE", "IDi"; a number for what is not registered.
    package var description: String {
        switch self {
        case .none: "none"
        case .securityAssociation: "SA"
        case .keyExchange: "KE"
        case .identificationInitiator: "IDi"
        case .identificationResponder: "IDr"
        case .certificate: "CERT"
        case .certificateRequest: "CERTREQ"
        case .authentication: "AUTH"
        case .nonce: "Nonce"
        case .notify: "N"
        case .delete: "D"
        case .vendorID: "V"
        case .trafficSelectorsInitiator: "TSi"
        case .trafficSelectorsResponder: "TSr"
        case .encrypted: "SK"
        case .configuration: "CP"
        case .eap: "EAP"
        case .genericSecurePassword: "GSPM"
        case .groupIdentification: "IDg"
        case .groupSecurityAssociation: "GSA"
        case .keyDownload: "KD"
        case .encryptedFragment: "SKF"
        case .puzzleSolution: "PS"
        default: "payload type \(rawValue)"
        }
    }
}
