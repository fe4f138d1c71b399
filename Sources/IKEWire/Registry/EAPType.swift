/// An EAP method (RFC 3748 section 5; IANA "EAP Method Types"): those met in IKEv2.
package struct EAPType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let identity = Self(rawValue: 1)
    package static let notification = Self(rawValue: 2)
    /// Only in responses: the request's method is not wanted.
    package static let nak = Self(rawValue: 3)
    package static let md5Challenge = Self(rawValue: 4)
    package static let oneTimePassword = Self(rawValue: 5)
    package static let genericTokenCard = Self(rawValue: 6)
    /// RFC 5216, RFC 9190.
    package static let tls = Self(rawValue: 13)
    package static let sim = Self(rawValue: 18)
    /// RFC 5281.
    package static let ttls = Self(rawValue: 21)
    package static let aka = Self(rawValue: 23)
    package static let peap = Self(rawValue: 25)
    package static let mschapV2 = Self(rawValue: 26)
    package static let fast = Self(rawValue: 43)
    package static let psk = Self(rawValue: 47)
    /// RFC 5106.
    package static let ikev2 = Self(rawValue: 49)
    /// RFC 9048.
    package static let akaPrime = Self(rawValue: 50)
    package static let pwd = Self(rawValue: 52)
    package static let teap = Self(rawValue: 55)
    /// A vendor's method, named in the data (RFC 3748 section 5.7).
    package static let expanded = Self(rawValue: 254)
}

extension EAPType: CustomStringConvertible {
    /// A short name; a number for the others.
    package var description: String {
        switch self {
        case .identity: "Identity"
        case .notification: "Notification"
        case .nak: "Nak"
        case .md5Challenge: "MD5"
        case .oneTimePassword: "OTP"
        case .genericTokenCard: "GTC"
        case .tls: "TLS"
        case .sim: "SIM"
        case .ttls: "TTLS"
        case .aka: "AKA"
        case .peap: "PEAP"
        case .mschapV2: "MSCHAPV2"
        case .fast: "FAST"
        case .psk: "PSK"
        case .ikev2: "IKEv2"
        case .akaPrime: "AKA'"
        case .pwd: "PWD"
        case .teap: "TEAP"
        case .expanded: "Expanded"
        default: "EAP type \(rawValue)"
        }
    }
}
