/// Which kind of SA a proposal, notification or deletion is about (RFC 7296 section 3.3.1; IANA "IKEv2 Security Protocol Identifiers").
package struct ProtocolID: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// About no SA with an SPI: a notification's usual value (RFC 7296 section 3.10).
    package static let none = Self(rawValue: 0)
    package static let ike = Self(rawValue: 1)
    package static let ah = Self(rawValue: 2)
    package static let esp = Self(rawValue: 3)
    /// RFC 4595, as the next one.
    package static let fibreChannelESPHeader = Self(rawValue: 4)
    package static let fibreChannelCTAuthentication = Self(rawValue: 5)
    /// G-IKEv2.
    package static let gikeUpdate = Self(rawValue: 6)
}

extension ProtocolID: CustomStringConvertible {
    /// The protocol's name; a number for what is not registered.
    package var description: String {
        switch self {
        case .none: "none"
        case .ike: "IKE"
        case .ah: "AH"
        case .esp: "ESP"
        case .fibreChannelESPHeader: "FC_ESP_HEADER"
        case .fibreChannelCTAuthentication: "FC_CT_AUTHENTICATION"
        case .gikeUpdate: "GIKE_UPDATE"
        default: "protocol \(rawValue)"
        }
    }
}

extension ProtocolID {
    /// How many octets an SPI of this protocol has in a notification or proposal: AH and ESP 4; nil where no rule is known.
    ///
    /// An IKE SPI is special: 8 octets when an IKE SA is rekeyed, absent where the header says it (RFC 7296 section 3.3.1).
    package var childSPISize: Int? {
        self == .ah || self == .esp ? 4 : nil
    }
}
