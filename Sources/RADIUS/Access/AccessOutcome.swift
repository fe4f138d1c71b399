package import IKECrypto
package import IKEWire
package import Inet

/// Names a conversation: all requests about one user who authenticates once.
package struct ConversationID: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a server has decided, or that none has.
package enum AccessOutcome: Sendable {
    /// The EAP request for the user.
    case challenge(EAPMessage)
    case accept(EAPMessage, AccessGrant)
    /// The EAP failure, where there is one, and why, as far as the server says.
    case reject(EAPMessage?, reason: String)
    case unreachable(String)
}

/// What an Access-Accept grants.
package struct AccessGrant: Sendable {
    /// 64 octets or more; nil where the EAP method makes none.
    package let masterSessionKey: SecretBytes?
    /// Single addresses that the user is to get: Framed-IP-Address, Framed-IPv6-Address, and Framed-IPv6-Prefix of 128 bits.
    package let framedAddresses: [IPAddress]
    package let sessionTimeout: Duration?
    /// What accounting is to call the user.
    package let userName: [UInt8]?
    /// Each Class attribute, which accounting returns as it is.
    package let classes: [[UInt8]]
    /// How often the server wants to hear what the user has used.
    package let interimInterval: Duration?
}

extension AccessGrant {
    /// RFC 2865 section 5.8: the user, or this host, is to choose the address.
    private static let choices = [IPAddress(v4: 0xFFFF_FFFF), IPAddress(v4: 0xFFFF_FFFE)]

    /// What an answer grants. An attribute that is malformed makes the whole of it so (RFC 2865 section 5).
    package init(_ answer: RADIUSClient.Answer, secret: SecretBytes) throws(RADIUSError) {
        let packet = answer.packet
        masterSessionKey = try packet.masterSessionKey(
            secret: secret,
            requestAuthenticator: answer.requestAuthenticator
        )
        framedAddresses = try Self.addresses(packet)
        sessionTimeout = try packet.first(.sessionTimeout)?.number().seconds
        userName = packet.first(.userName)?.value
        classes = packet.all(.accountingClass).map(\.value)
        interimInterval = try packet.first(.accountingInterimInterval)?.number().seconds
    }

    private static func addresses(_ packet: Packet) throws(RADIUSError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for attribute in packet.attributes {
            switch attribute.type {
            case .framedIPAddress:
                let address = try attribute.address(.v4)
                if !choices.contains(address) { addresses.append(address) }
            case .framedIPv6Address: addresses.append(try attribute.address(.v6))
            case .framedIPv6Prefix:
                let prefix = try attribute.prefix()
                if prefix.length == prefix.family.bitWidth { addresses.append(prefix.address) }
            default: break
            }
        }
        return addresses
    }
}

extension UInt32 {
    /// So many seconds; nil for none, which servers send for no limit.
    fileprivate var seconds: Duration? { self > 0 ? .seconds(Int64(self)) : nil }
}
