/// What a configuration attribute holds: 15 bits (RFC 7296 section 3.15.1; IANA "IKEv2 Configuration Payload Attribute Types").
package struct ConfigurationAttributeType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let internalIP4Address = Self(rawValue: 1)
    package static let internalIP4Netmask = Self(rawValue: 2)
    package static let internalIP4DNS = Self(rawValue: 3)
    package static let internalIP4NBNS = Self(rawValue: 4)
    package static let internalIP4DHCP = Self(rawValue: 6)
    package static let applicationVersion = Self(rawValue: 7)
    package static let internalIP6Address = Self(rawValue: 8)
    package static let internalIP6DNS = Self(rawValue: 10)
    package static let internalIP6DHCP = Self(rawValue: 12)
    package static let internalIP4Subnet = Self(rawValue: 13)
    package static let supportedAttributes = Self(rawValue: 14)
    package static let internalIP6Subnet = Self(rawValue: 15)
    /// RFC 5026.
    package static let mip6HomePrefix = Self(rawValue: 16)
    /// RFC 5739, as the next one.
    package static let internalIP6Link = Self(rawValue: 17)
    package static let internalIP6Prefix = Self(rawValue: 18)
    /// 3GPP.
    package static let homeAgentAddress = Self(rawValue: 19)
    /// RFC 7651, as the next one.
    package static let pcscfIP4Address = Self(rawValue: 20)
    package static let pcscfIP6Address = Self(rawValue: 21)
    /// 3GPP, as the next two.
    package static let fttKAT = Self(rawValue: 22)
    package static let externalSourceIP4NATInfo = Self(rawValue: 23)
    package static let livenessCheckTimeout = Self(rawValue: 24)
    /// RFC 8598, as the next one.
    package static let internalDNSDomain = Self(rawValue: 25)
    package static let internalDNSSECTA = Self(rawValue: 26)
    /// RFC 9464, as the next two.
    package static let encryptedDNSIP4 = Self(rawValue: 27)
    package static let encryptedDNSIP6 = Self(rawValue: 28)
    package static let encryptedDNSDigestInfo = Self(rawValue: 29)
}

extension ConfigurationAttributeType: CustomStringConvertible {
    /// The registered name; a number for what is not registered.
    package var description: String {
        switch self {
        case .internalIP4Address: "INTERNAL_IP4_ADDRESS"
        case .internalIP4Netmask: "INTERNAL_IP4_NETMASK"
        case .internalIP4DNS: "INTERNAL_IP4_DNS"
        case .internalIP4NBNS: "INTERNAL_IP4_NBNS"
        case .internalIP4DHCP: "INTERNAL_IP4_DHCP"
        case .applicationVersion: "APPLICATION_VERSION"
        case .internalIP6Address: "INTERNAL_IP6_ADDRESS"
        case .internalIP6DNS: "INTERNAL_IP6_DNS"
        case .internalIP6DHCP: "INTERNAL_IP6_DHCP"
        case .internalIP4Subnet: "INTERNAL_IP4_SUBNET"
        case .supportedAttributes: "SUPPORTED_ATTRIBUTES"
        case .internalIP6Subnet: "INTERNAL_IP6_SUBNET"
        case .mip6HomePrefix: "MIP6_HOME_PREFIX"
        case .internalIP6Link: "INTERNAL_IP6_LINK"
        case .internalIP6Prefix: "INTERNAL_IP6_PREFIX"
        case .homeAgentAddress: "HOME_AGENT_ADDRESS"
        case .pcscfIP4Address: "P_CSCF_IP4_ADDRESS"
        case .pcscfIP6Address: "P_CSCF_IP6_ADDRESS"
        case .fttKAT: "FTT_KAT"
        case .externalSourceIP4NATInfo: "EXTERNAL_SOURCE_IP4_NAT_INFO"
        case .livenessCheckTimeout: "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK"
        case .internalDNSDomain: "INTERNAL_DNS_DOMAIN"
        case .internalDNSSECTA: "INTERNAL_DNSSEC_TA"
        case .encryptedDNSIP4: "ENCDNS_IP4"
        case .encryptedDNSIP6: "ENCDNS_IP6"
        case .encryptedDNSDigestInfo: "ENCDNS_DIGEST_INFO"
        default: "configuration attribute \(rawValue)"
        }
    }
}
