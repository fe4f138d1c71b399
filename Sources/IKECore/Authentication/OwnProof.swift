import IKECrypto
import IKEWire
import Inet

/// Who we are to a peer, and what proves it in one IKE_AUTH exchange.
struct OwnProof {
    let identity: Identification
    private let means: Means

    private enum Means {
        case sharedKey(PreSharedKeyAuthentication)
        /// The end's certificate comes first, then those on the way to the root.
        case signature(PrivateKey, AuthenticationMethod, SignatureScheme, certificates: [Certificate])
        /// What comes later proves it.
        case eap
    }

    /// Chooses for a connection; throws where the configuration lacks the key, or the peer takes no signature of ours.
    ///
    /// - Parameters:
    ///   - remote: who the peer is, as far as it is known.
    ///   - announced: what the peer says that it takes.
    init(
        _ connection: Connection,
        local: IPAddress,
        remote: Identification,
        announced: PeerAnnouncements,
        policy: Policy
    ) throws(NegotiationFailure) {
        switch connection.local.kind {
        case .preSharedKey:
            identity = connection.local.identity ?? Identification(local)
            means = .sharedKey(try policy.requireSharedKey(local: identity, remote: remote))
        case .eap:
            identity = connection.local.identity ?? Identification(local)
            means = .eap
        case .publicKey(let wanted):
            let own = try OwnKey.choose(connection, wanted, local: local, announced, policy.credentials)
            identity = own.identity
            guard let agreed = own.scheme(for: announced, wanted.signatures, policy.credentials) else {
                throw NegotiationFailure(
                    .authenticationFailed,
                    "the peer takes no signature that our \(own.key.publicKey) makes with `auth = \(wanted.signatures)`: it "
                        + announced.words,
                    notify: Notify(.authenticationFailed)
                )
            }
            let certificates = own.certificates(for: announced, connection, policy.credentials)
            means = .signature(own.key, agreed.method, agreed.scheme, certificates: certificates)
        }
    }

    /// CERT payloads, ours first (RFC 7296 section 3.6), and the AUTH payload, which EAP leaves out.
    func payloads(
        of role: Role,
        agreement: KeyAgreement
    ) throws(NegotiationFailure) -> (certificates: [Payload], authentication: Payload?) {
        switch means {
        case .eap: return ([], nil)
        case .sharedKey(let key):
            let authentication = try key.payload(of: role, identity: identity, agreement: agreement)
            return ([], Payload(.authentication(authentication)))
        case .signature(let key, let method, let scheme, let certificates):
            let octets = try agreement.signedOctets(of: role, identity: identity)
            let signature: [UInt8]
            do throws(CryptoError) {
                signature = try key.sign(octets, by: scheme)
            } catch {
                throw NegotiationFailure(.cryptography, "the AUTH payload could not be signed: \(error)")
            }
            let identifier = method == .digitalSignature ? scheme.algorithmIdentifier : []
            let prefix = method == .digitalSignature ? [UInt8(truncatingIfNeeded: identifier.count)] + identifier : []
            return (
                certificates.map { Payload(.certificate($0)) },
                Payload(.authentication(Authentication(method: method, data: prefix + signature)))
            )
        }
    }
}

/// A private key of ours with the certificate and the identity that go with it.
struct OwnKey {
    let key: PrivateKey
    /// Nil for a key without a certificate.
    let certificate: X509Certificate?
    let identity: Identification

    static func choose(
        _ connection: Connection,
        _ wanted: PublicKeyPolicy,
        local: IPAddress,
        _ announced: PeerAnnouncements,
        _ credentials: Credentials
    ) throws(NegotiationFailure) -> OwnKey {
        if !wanted.publicKeys.isEmpty {
            guard let key = wanted.publicKeys.lazy.compactMap({ credentials.privateKey(of: $0) }).first else {
                throw missing("no private key is loaded for the public key of connection \(connection.name)")
            }
            return OwnKey(
                key: key,
                certificate: nil,
                identity: connection.local.identity ?? Identification(local)
            )
        }
        let candidates = try candidates(connection, wanted, credentials)
        func isTrusted(_ candidate: OwnKey) -> Bool {
            candidate.authorities(credentials).contains { announced.authorities?.contains($0) ?? false }
        }
        let preferred = candidates.filter(isTrusted) + candidates.filter { !isTrusted($0) }
        return preferred.first { $0.scheme(for: announced, wanted.signatures, credentials) != nil } ?? preferred[0]
    }

    /// How to sign for the peer; nil if it takes nothing that the key can do.
    func scheme(
        for announced: PeerAnnouncements,
        _ requirement: SignatureRequirement,
        _ credentials: Credentials
    ) -> (method: AuthenticationMethod, scheme: SignatureScheme)? {
        SignatureNegotiation.scheme(
            for: key.publicKey,
            of: authorities(credentials),
            announced: announced,
            requirement
        )
    }

    /// The hashes of the keys of those who vouch for the certificate.
    private func authorities(_ credentials: Credentials) -> [[UInt8]] {
        certificate.map { credentials.authorities(of: $0).map(\.publicKey.keyHash) } ?? []
    }

    /// Never empty.
    private static func candidates(
        _ connection: Connection,
        _ wanted: PublicKeyPolicy,
        _ credentials: Credentials
    ) throws(NegotiationFailure) -> [OwnKey] {
        let configured = connection.local.identity
        let certificates = wanted.certificates.isEmpty ? credentials.certificates : wanted.certificates
        let fitting = certificates.filter { certificate in
            !certificate.isAuthority && (configured.map { certificate.confirms($0) } ?? true)
        }
        let named = configured.map { "the identity \($0)" } ?? "connection \(connection.name)"
        guard !fitting.isEmpty else {
            throw missing(
                wanted.certificates.isEmpty
                    ? "no certificate is loaded for \(named); put it into x509/ or name it in local.certs"
                    : "no certificate in local.certs of connection \(connection.name) is for \(named): "
                        + "its subject or a subjectAltName must be that identity"
            )
        }
        let keys = fitting.compactMap { certificate in
            credentials.privateKey(of: certificate.publicKey).map { key in
                OwnKey(key: key, certificate: certificate, identity: identity(configured, certificate))
            }
        }
        guard !keys.isEmpty else {
            let subjects = fitting.map(\.subjectText).joined(separator: "; ")
            throw missing("no private key is loaded for the certificate of \(subjects); put it into private/")
        }
        return keys
    }

    /// A distinguished name goes out in the certificate's own encoding, which is what peers compare with.
    private static func identity(_ configured: Identification?, _ certificate: X509Certificate) -> Identification {
        let subject = Identification(type: .distinguishedName, data: certificate.subject)
        guard let configured, configured.type != .distinguishedName else { return subject }
        return configured
    }

    /// What of it goes to a peer.
    func certificates(
        for announced: PeerAnnouncements,
        _ connection: Connection,
        _ credentials: Credentials
    ) -> [Certificate] {
        let sending = connection.certificateSending
        guard let certificate else {
            let raw = Certificate(encoding: .rawPublicKey, data: key.publicKey.subjectPublicKeyInfo)
            return announced.asksForRawKey && sending != .never ? [raw] : []
        }
        guard sending == .always || sending == .ifAsked && announced.authorities != nil else { return [] }
        let chain = ([certificate] + credentials.intermediates(of: certificate)).map { certificate in
            let location = announced.fetchesCertificates ? credentials.location(of: certificate) : nil
            return location?.certificate ?? Certificate(encoding: .x509Signature, data: certificate.der)
        }
        guard announced.asksForStatus, connection.givesStatus, let status = credentials.status(of: certificate) else {
            return chain
        }
        return chain + [Certificate(encoding: .ocsp, data: status.der)]
    }

    private static func missing(_ message: String) -> NegotiationFailure {
        NegotiationFailure(.noCredential, message, notify: Notify(.authenticationFailed))
    }
}

extension PeerAnnouncements {
    /// What the peer knows of signatures, for the log.
    fileprivate var words: String {
        let known = hashes.map { "knows the hashes \($0.map(\.description).joined(separator: ", "))" }
        let taken = signatures.map { $0.isEmpty ? "no signature" : $0.map(\.description).joined(separator: ", ") }
        return (known ?? "knows only the methods from before RFC 7427") + (taken.map { " and announces \($0)" } ?? "")
    }
}

extension Connection {
    /// Our identity before anything is chosen for one peer.
    func localIdentity(at address: IPAddress, _ credentials: Credentials) -> Identification {
        if let identity = local.identity { return identity }
        guard let wanted = local.kind.publicKey else { return Identification(address) }
        let own = try? OwnKey.choose(self, wanted, local: address, PeerAnnouncements(), credentials)
        return own?.identity ?? Identification(address)
    }
}
