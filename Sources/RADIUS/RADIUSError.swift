package import IKECrypto
package import IKEWire

/// Why a packet cannot be used, or cannot be made.
package enum RADIUSError: Error, Equatable, Sendable {
    /// The octets are not a packet, or what is to be sent does not fit into one.
    case malformed(WireError)
    /// An attribute has a value of so many octets, which its type cannot have.
    case malformedAttribute(AttributeType, octets: Int)
    /// What the EAP-Message attributes hold is no EAP message.
    case malformedEAP(WireError)
    /// The packet is none that may answer the request.
    case unexpected(PacketCode)
    /// The answer has no Message-Authenticator (RFC 3579 section 3.2), or more than one.
    case noMessageAuthenticator
    /// The Message-Authenticator is not that of somebody who has the secret.
    case wrongMessageAuthenticator
    /// The Response Authenticator is not that of somebody who has the secret.
    case wrongResponseAuthenticator
    /// The key of an MS-MPPE attribute is not what RFC 2548 section 2.4.2 describes.
    case malformedKey
    /// libcrypto failed.
    case crypto(CryptoError)
}

extension RADIUSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let error): "\(error)"
        case .malformedAttribute(let type, let octets): "\(type) cannot have \(octets) octets"
        case .malformedEAP(let error): "its EAP message is malformed: \(error)"
        case .unexpected(let code): "\(code) is no answer to this request"
        case .noMessageAuthenticator:
            "it has no Message-Authenticator, so it may be forged (CVE-2024-3596): the server needs an update, or must be told "
                + "to send one"
        case .wrongMessageAuthenticator:
            "its Message-Authenticator is wrong: it is forged, or the server has another secret for this host"
        case .wrongResponseAuthenticator:
            "its Response Authenticator is wrong: it is forged, or the server has another secret for this host"
        case .malformedKey: "the key of an MS-MPPE attribute is malformed"
        case .crypto(let error): "\(error)"
        }
    }
}
