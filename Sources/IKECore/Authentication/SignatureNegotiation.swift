import IKECrypto
import IKEWire

// Which signature an AUTH payload holds (RFC 7296 section 3.8; RFC 7427; RFC 8420).
//
//     method 14    any scheme, with its AlgorithmIdentifier in front; to peers that say which hashes they know
//     method 1     RSA with PKCS #1 padding and SHA-1; to the others
//     methods 9-11 ECDSA on P-256, P-384, P-521, each with its hash (RFC 4754); to the others

/// What a peer says about the proofs that it takes.
struct PeerAnnouncements: Equatable {
    /// SIGNATURE_HASH_ALGORITHMS; nil: it knows nothing of RFC 7427.
    var hashes: [HashAlgorithm]?
    /// The hashes of the public keys of the authorities that it trusts (RFC 7296 section 3.7); nil: it asks for no certificate.
    var authorities: [[UInt8]]?
    /// It takes public keys without a certificate (RFC 7670 section 2).
    var asksForRawKey = false
    /// It takes what a responder says of our certificate (RFC 4806).
    var asksForStatus = false
    /// SUPPORTED_AUTH_METHODS (RFC 9593), as far as it is about signatures; nil: it does not say.
    var signatures: [AnnouncedSignature]?
    /// It knows several rounds of authentication (RFC 4739).
    var knowsRounds = false
    /// It fetches certificates from where we say they are (RFC 7296 section 3.7).
    var fetchesCertificates = false

    init() {}

    init(_ payloads: [Payload]) {
        if let data = payloads.notify(.signatureHashAlgorithms)?.data {
            hashes = stride(from: 0, to: data.count - data.count % 2, by: 2).map {
                HashAlgorithm(rawValue: UInt16(data[$0]) << 8 | UInt16(data[$0 + 1]))
            }
        }
        noteAuthentication(payloads)
    }

    /// IKE_AUTH may say so, too.
    mutating func noteAuthentication(_ payloads: [Payload]) {
        knowsRounds = knowsRounds || payloads.notify(.multipleAuthSupported) != nil
        fetchesCertificates = fetchesCertificates || payloads.notify(.httpCertLookupSupported) != nil
        let all = payloads.certificateRequests
        asksForRawKey = asksForRawKey || all.contains { $0.encoding == .rawPublicKey }
        asksForStatus = asksForStatus || all.contains { $0.encoding == .ocsp }
        let requests = all.filter { $0.encoding == .x509Signature }
        if !requests.isEmpty { authorities = (authorities ?? []) + requests.flatMap(\.authorityKeyHashes) }
        // Without data it would follow in IKE_INTERMEDIATE, which is not agreed on.
        let methods = payloads.notify(.supportedAuthMethods)?.supportedAuthMethods ?? []
        guard !methods.isEmpty else { return }
        let listed = all.filter { $0.encoding != .ocsp }.flatMap(\.authorityKeyHashes)
        signatures = methods.compactMap { AnnouncedSignature($0, authorities: listed) }
    }
}

enum SignatureNegotiation {
    /// In the order of preference.
    static let hashes: [HashAlgorithm] = [.sha2_256, .sha2_384, .sha2_512, .identity]

    /// SIGNATURE_HASH_ALGORITHMS: what we verify (RFC 7427 section 4).
    static var announcement: Payload {
        let data = hashes.flatMap { [UInt8($0.rawValue >> 8), UInt8(truncatingIfNeeded: $0.rawValue)] }
        return Payload(.notify(Notify(.signatureHashAlgorithms, data: data)))
    }

    /// CERTREQ with the authorities that the connections' peers may use, and for those whose keys we have without a certificate;
    /// nothing where no peer signs.
    ///
    /// - Parameter fetchesCertificates: whether the peers may say where their certificates are instead; they are told in front.
    static func certificateRequests(
        _ connections: [Connection],
        trust: TrustStore,
        fetchesCertificates: Bool
    ) -> [Payload] {
        let asking = connections.filter(\.asksForCertificate).flatMap { $0.remoteRounds.compactMap(\.kind.publicKey) }
        var hashes: [[UInt8]] = []
        for policy in asking where policy.needsCertificates {
            for authority in policy.authorities.isEmpty ? trust.authorities : policy.authorities
            where hashes.count < mostAuthorities && !hashes.contains(authority.publicKey.keyHash) {
                hashes.append(authority.publicKey.keyHash)
            }
        }
        var requests: [CertificateRequest] = []
        if !hashes.isEmpty {
            requests.append(CertificateRequest(encoding: .x509Signature, authorities: hashes.flatMap { $0 }))
        }
        if !hashes.isEmpty, connections.contains(where: \.asksForStatus) {
            // Without hashes: by a responder of the certificate's own issuer (RFC 4806 section 4.1).
            requests.append(CertificateRequest(encoding: .ocsp, authorities: []))
        }
        if asking.contains(where: { !$0.publicKeys.isEmpty }) {
            requests.append(CertificateRequest(encoding: .rawPublicKey, authorities: []))
        }
        let takesLocations = fetchesCertificates && !hashes.isEmpty
        return (takesLocations ? [Payload(.notify(Notify(.httpCertLookupSupported)))] : [])
            + requests.map { Payload(.certificateRequest($0)) }
    }

    /// More would not fit into an IKE_SA_INIT message in one piece.
    private static let mostAuthorities = 24

    // MARK: - Ours

    /// The scheme for a key of ours that the peer takes and the configuration admits; nil if there is none.
    ///
    /// - Parameter authorities: the hashes of the keys of those who vouch for the key.
    static func scheme(
        for key: PublicKey,
        of authorities: [[UInt8]],
        announced: PeerAnnouncements,
        _ requirement: SignatureRequirement
    ) -> (method: AuthenticationMethod, scheme: SignatureScheme)? {
        let possible: [(method: AuthenticationMethod, scheme: SignatureScheme)]
        if let peerHashes = announced.hashes {
            let wanted = requirement.hashes.isEmpty ? preferredHashes(for: key) : requirement.hashes
            possible = wanted.filter { peerHashes.contains($0) }.flatMap { schemes(for: key, $0) }.map {
                (.digitalSignature, $0)
            }
        } else {
            possible = classicMethods
        }
        return possible.first { method, scheme in
            scheme.fits(key) && requirement.admits(scheme) && announced.takes(method, scheme, of: authorities)
        }
    }

    private static func schemes(for key: PublicKey, _ hash: HashAlgorithm) -> [SignatureScheme] {
        switch key.kind {
        // Every implementation reads PKCS #1 padding, not all the other; `auth = rsa/pss` asks for that.
        case .rsa: [.rsaPKCS1(hash), .rsaPSS(hash)]
        case .ecdsa: [.ecdsa(hash)]
        case .ed25519: hash == .identity ? [.ed25519] : []
        case .ed448: hash == .identity ? [.ed448] : []
        }
    }

    /// A hash as strong as the key comes first.
    private static func preferredHashes(for key: PublicKey) -> [HashAlgorithm] {
        let first: HashAlgorithm =
            switch key.kind {
            case .ecdsa(.p384): .sha2_384
            case .ecdsa(.p521): .sha2_512
            default: .sha2_256
            }
        return [first] + hashes.filter { $0 != first }
    }

    // MARK: - The peer's

    /// The schemes that an AUTH payload may be meant to have, and the signature in it; none for one that cannot be read.
    static func read(_ authentication: Authentication) -> (schemes: [SignatureScheme], signature: [UInt8])? {
        guard authentication.method == .digitalSignature else {
            let schemes = classicMethods.filter { $0.method == authentication.method }.map(\.scheme)
            return schemes.isEmpty ? nil : (schemes, authentication.data)
        }
        // | length | AlgorithmIdentifier | signature   (RFC 7427 section 3)
        guard let length = authentication.data.first.map(Int.init), authentication.data.count > 1 + length,
            let scheme = SignatureScheme(algorithmIdentifier: Array(authentication.data[1..<1 + length])),
            hashes.contains(scheme.hash)
        else { return nil }
        return ([scheme], Array(authentication.data.dropFirst(1 + length)))
    }

    /// The methods from before RFC 7427. The first of a kind is what we use ourselves: who does not announce its hashes may know
    /// SHA-1 alone for RSA (RFC 7296 section 3.8).
    private static let classicMethods: [(method: AuthenticationMethod, scheme: SignatureScheme)] = [
        (.rsaSignature, .rsaPKCS1(.sha1)), (.rsaSignature, .rsaPKCS1(.sha2_256)),
        (.rsaSignature, .rsaPKCS1(.sha2_384)), (.rsaSignature, .rsaPKCS1(.sha2_512)),
        (.ecdsaSHA256P256, .ecdsaConcatenated(.sha2_256)), (.ecdsaSHA384P384, .ecdsaConcatenated(.sha2_384)),
        (.ecdsaSHA512P521, .ecdsaConcatenated(.sha2_512)),
    ]
}

extension KeyAgreement {
    /// What an end signs to prove its identity (RFC 7296 section 2.15).
    func signedOctets(of role: Role, identity: Identification) throws(NegotiationFailure) -> [UInt8] {
        let isInitiator = role == .initiator
        do {
            let maced = try security.prf.compute(key: isInitiator ? skPi : skPr, identity.bodyOctets)
            return (isInitiator ? requestBytes + nonceR : responseBytes + nonceI)
                + maced.withUnsafeBytes { [UInt8]($0) }
        } catch {
            throw NegotiationFailure(.cryptography, "the octets to sign could not be computed: \(error)")
        }
    }
}
