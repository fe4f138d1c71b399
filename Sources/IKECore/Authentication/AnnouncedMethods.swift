import IKECrypto
import IKEWire

// What an end says of the proofs that it takes (RFC 9593). It is a hint that saves a negotiation from failing: an end with several
// keys or schemes chooses one that the peer takes.

/// A signature that the peer takes.
struct AnnouncedSignature: Equatable {
    let method: AuthenticationMethod
    /// Nil for the methods from before RFC 7427, which name their scheme themselves.
    let scheme: SignatureScheme?
    /// The hash of the key of the authority whose certificates it goes with; nil: any.
    let authority: [UInt8]?

    /// - Parameter authorities: those that the peer asks for in the same message.
    init?(_ announcement: AuthMethodAnnouncement, authorities: [[UInt8]]) {
        method = announcement.method
        switch method {
        case .digitalSignature:
            guard let scheme = SignatureScheme(algorithmIdentifier: announcement.algorithm) else { return nil }
            self.scheme = scheme
        case .rsaSignature, .ecdsaSHA256P256, .ecdsaSHA384P384, .ecdsaSHA512P521: scheme = nil
        default: return nil
        }
        switch announcement.authority.map(Int.init) {
        case nil, 0?: authority = nil
        case let place?:
            guard place <= authorities.count else { return nil }
            authority = authorities[place - 1]
        }
    }
}

extension AnnouncedSignature: CustomStringConvertible {
    var description: String { scheme?.description ?? method.description }
}

extension SignatureNegotiation {
    /// SUPPORTED_AUTH_METHODS with what the peers of these connections may use.
    static func methods(_ connections: [Connection]) -> Payload {
        var announcements: [AuthMethodAnnouncement] = []
        for kind in connections.flatMap({ $0.remoteRounds.map(\.kind) }) {
            switch kind {
            case .preSharedKey: announcements.append(AuthMethodAnnouncement(.sharedKey))
            case .publicKey(let policy):
                announcements += schemes.filter { policy.takes($0) }.map {
                    AuthMethodAnnouncement(.digitalSignature, authority: 0, algorithm: $0.algorithmIdentifier)
                }
            case .eap: break
            }
        }
        var unique: [AuthMethodAnnouncement] = []
        for announcement in announcements where !unique.contains(announcement) { unique.append(announcement) }
        return Payload(.notify(.supportedAuthMethods(unique)))
    }

    /// All that is verified, the preferred first.
    private static let schemes: [SignatureScheme] =
        [.ecdsa(.sha2_256), .ecdsa(.sha2_384), .ecdsa(.sha2_512), .ed25519, .ed448]
        + [.rsaPSS(.sha2_256), .rsaPSS(.sha2_384), .rsaPSS(.sha2_512)]
        + [.rsaPKCS1(.sha2_256), .rsaPKCS1(.sha2_384), .rsaPKCS1(.sha2_512)]
}

extension PublicKeyPolicy {
    /// Whether the peer may sign so, with one of its keys where they are known.
    fileprivate func takes(_ scheme: SignatureScheme) -> Bool {
        let keys = publicKeys + certificates.map(\.publicKey)
        return signatures.admits(scheme) && (keys.isEmpty || keys.contains { scheme.fits($0) })
    }
}

extension PeerAnnouncements {
    /// Whether the peer takes such a signature by a key that these authorities, given by the hashes of their keys, vouch for.
    func takes(_ method: AuthenticationMethod, _ scheme: SignatureScheme, of authorities: [[UInt8]]) -> Bool {
        signatures?.contains { announced in
            announced.method == method && announced.scheme ?? scheme == scheme
                && announced.authority.map { authorities.contains($0) } ?? true
        } ?? true
    }
}
