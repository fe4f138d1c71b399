import IKECrypto
import IKEWire

/// Whether a peer's signature, key, certificate and identity belong together and are trusted.
struct SignatureVerification {
    let policy: PublicKeyPolicy
    let credentials: Credentials
    let today: UnixTime
    /// What was found out about the revocation of the peer's certificates; nil: nobody was asked yet.
    let evidence: RevocationEvidence?

    /// The proof that was found good, for the log.
    struct Outcome: CustomStringConvertible {
        /// Nil for a key without a certificate.
        let certificate: X509Certificate?
        let scheme: SignatureScheme
        let key: PublicKey
        /// Certificates of which it must be found out first whether they are revoked.
        var unsettled: [UnsettledCertificate] = []

        var description: String {
            "\(key) (\(scheme))"
                + (certificate.map { ", certificate of \($0.subjectText)" } ?? ", without a certificate")
        }
    }

    /// A key that may have made the signature.
    private struct Candidate {
        let key: PublicKey
        let certificate: X509Certificate?
    }

    /// Throws what is wrong, for the operator; the peer learns AUTHENTICATION_FAILED.
    func verify(
        _ authentication: Authentication,
        _ payloads: [Certificate],
        of role: Role,
        identity: Identification,
        agreement: KeyAgreement
    ) throws(NegotiationFailure) -> Outcome {
        guard authentication.method != .sharedKey else {
            throw failure("\(identity) authenticates by a pre-shared key, configured is a public key (auth = pubkey)")
        }
        guard let (schemes, signature) = SignatureNegotiation.read(authentication) else {
            throw failure("\(identity) authenticates by \(authentication.method) of a kind that is not supported")
        }
        let admitted = schemes.filter { isAdmitted($0, agreement) }
        guard let first = schemes.first, !admitted.isEmpty else {
            let name = schemes.first?.description ?? ""
            throw failure("\(identity) signs with \(name), which `auth = \(policy.signatures)` does not admit")
        }
        let received = try read(payloads, identity)
        let candidates = try candidates(received, identity)
        let octets = try agreement.signedOctets(of: role, identity: identity)
        for candidate in candidates {
            let scheme = admitted.first {
                $0.fits(candidate.key) && candidate.key.verify(signature, of: octets, by: $0)
            }
            guard let scheme else { continue }
            var outcome = Outcome(certificate: candidate.certificate, scheme: scheme, key: candidate.key)
            if let certificate = candidate.certificate {
                outcome.unsettled = try requireTrust(certificate, received, identity)
            }
            return outcome
        }
        let keys = candidates.map(\.key.description).joined(separator: ", ")
        throw failure("the signature of \(identity) (\(first)) is not one of its key (\(keys))")
    }

    /// SHA-1 is for peers that can do nothing else, and only for RSA's own method.
    private func isAdmitted(_ scheme: SignatureScheme, _ agreement: KeyAgreement) -> Bool {
        guard policy.signatures.admits(scheme) else { return false }
        return scheme.hash != .sha1 || agreement.announced.hashes == nil || policy.signatures.hashes.contains(.sha1)
    }

    // MARK: - What the peer sent

    private struct Received {
        var certificates: [X509Certificate] = []
        var publicKeys: [PublicKey] = []
        /// What responders say of the certificates (RFC 4806).
        var status = RevocationEvidence()
    }

    private func read(_ payloads: [Certificate], _ identity: Identification) throws(NegotiationFailure) -> Received {
        var received = Received()
        for payload in payloads.prefix(Self.mostCertificates) {
            guard !payload.encoding.isLocation || !policy.publicKeys.isEmpty else { throw unasked(payload, identity) }
            do {
                switch payload.encoding {
                case .x509Signature: received.certificates.append(try X509Certificate(der: payload.data))
                case .rawPublicKey: received.publicKeys.append(try PublicKey(subjectPublicKeyInfo: payload.data))
                case .ocsp: received.status.add(Self.status(payload))
                default: continue
                }
            } catch {
                throw failure("\(identity) sent a certificate (\(payload.encoding)) that cannot be used: \(error)")
            }
        }
        return received
    }

    private static let mostCertificates = 16

    /// What is fetched is fetched before: this peer was not told that it may say a place only.
    private func unasked(_ payload: Certificate, _ identity: Identification) -> NegotiationFailure {
        let place = CertificateLocation(payload).map { " (\($0.url))" } ?? ""
        return failure(
            "\(identity) sent the place of a certificate\(place) instead of the certificate, and was not told that it may "
                + "(HTTP_CERT_LOOKUP_SUPPORTED): set hash_and_url = yes in the section iked, with send_certreq = yes and no "
                + "remote.certs, if this host is to fetch it"
        )
    }

    /// A peer's mistake here is no reason to refuse what somebody else may vouch for.
    private static func status(_ payload: Certificate) -> RevocationEvidence {
        do throws(OCSPFailure) {
            return RevocationEvidence(responses: [try OCSPResponse(der: payload.data)])
        } catch {
            return RevocationEvidence(failures: [.init(nil, "the OCSP response that the peer sent: \(error)")])
        }
    }

    /// Never empty.
    private func candidates(
        _ received: Received,
        _ identity: Identification
    ) throws(NegotiationFailure) -> [Candidate] {
        if !policy.publicKeys.isEmpty {
            let sent = received.certificates.first?.publicKey ?? received.publicKeys.first
            let keys = policy.publicKeys.filter { sent == nil || $0 == sent }
            guard !keys.isEmpty else {
                throw failure("\(identity) uses a public key that is not among remote.pubkeys")
            }
            return keys.map { Candidate(key: $0, certificate: nil) }
        }
        if let leaf = received.certificates.first { return [Candidate(key: leaf.publicKey, certificate: leaf)] }
        guard received.publicKeys.isEmpty else {
            throw failure(
                "\(identity) uses a key without a certificate; name it in remote.pubkeys if it is to be trusted"
            )
        }
        let known = policy.certificates + credentials.certificates.filter { !policy.certificates.contains($0) }
        let own = known.filter { !$0.isAuthority && $0.confirms(identity) }
        guard !own.isEmpty else {
            throw failure("\(identity) sent no certificate, and none of x509/ is for that identity")
        }
        return own.map { Candidate(key: $0.publicKey, certificate: $0) }
    }

    // MARK: - Trust

    /// - Returns: certificates of which it must be found out first whether they are revoked.
    private func requireTrust(
        _ certificate: X509Certificate,
        _ received: Received,
        _ identity: Identification
    ) throws(NegotiationFailure) -> [UnsettledCertificate] {
        guard certificate.confirms(identity) else {
            throw failure(
                "the certificate of \(certificate.subjectText) is not for \(identity): that is neither its subject nor one of "
                    + "its subjectAltNames"
            )
        }
        guard policy.certificates.isEmpty || policy.certificates.contains(certificate) else {
            throw failure("the certificate of \(certificate.subjectText) is not among remote.certs")
        }
        do throws(CertificateRejection) {
            guard policy.certificates.isEmpty else {
                // Named by the configuration, it needs no authority, but it has its time.
                try certificate.checkValidity(at: today)
                return []
            }
            let chain = try credentials.trust.chain(
                from: certificate,
                intermediates: Array(received.certificates.dropFirst()),
                at: today,
                limitedTo: policy.authorities.isEmpty ? nil : policy.authorities
            )
            return try checkRevocation(of: chain, received.status)
        } catch {
            throw failure("the certificate of \(identity) is not accepted: \(error)")
        }
    }

    /// Judges at once by what is at hand, if that says enough or nobody can be asked.
    private func checkRevocation(
        of chain: [X509Certificate],
        _ stapled: RevocationEvidence
    ) throws(CertificateRejection) -> [UnsettledCertificate] {
        let check = RevocationCheck(chain, credentials.trust, policy.revocation, at: today)
        var known = stapled
        if let evidence {
            known.add(evidence)
        } else {
            let unsettled = try check.unsettled(known)
            guard unsettled.isEmpty else { return unsettled }
        }
        try check.conclude(known)
        return []
    }

    private func failure(_ message: String) -> NegotiationFailure {
        NegotiationFailure(.authenticationFailed, message, notify: Notify(.authenticationFailed))
    }
}

extension X509Certificate {
    fileprivate func checkValidity(at today: UnixTime) throws(CertificateRejection) {
        guard today >= notBefore else { throw .notYetValid(subject: subjectText, notBefore: notBefore) }
        guard today <= notAfter else { throw .expired(subject: subjectText, notAfter: notAfter) }
    }
}
