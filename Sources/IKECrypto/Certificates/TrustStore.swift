import COpenSSL

/// The authorities that are trusted, and what helps to get from a certificate to one of them.
package struct TrustStore: Hashable, Sendable {
    /// A chain ends at one of these, which must be self-signed.
    package let authorities: [X509Certificate]
    /// Authorities that may stand in between.
    package let intermediates: [X509Certificate]
    package let revocationLists: [RevocationList]
    /// Where more can be found out about what some of the authorities have revoked.
    package let services: [AuthorityServices]

    package init(
        authorities: [X509Certificate] = [],
        intermediates: [X509Certificate] = [],
        revocationLists: [RevocationList] = [],
        services: [AuthorityServices] = []
    ) {
        self.services = services
        self.authorities = authorities
        self.intermediates = intermediates
        self.revocationLists = revocationLists
    }

    /// The chain from `leaf` to a trusted authority, both included, or why there is none (RFC 5280 section 6).
    ///
    /// Every certificate must be valid at `time`, the leaf must be for IKE (RFC 4945 section 5.1.3), and keys and signatures have at
    /// least 112 bits of strength. `intermediates` are those that came along with the leaf. With `limitedTo` the chain must
    /// contain one of these. Whether a certificate is revoked is not looked at: that is `RevocationCheck`.
    package func chain(
        from leaf: X509Certificate,
        intermediates: [X509Certificate],
        at time: UnixTime,
        limitedTo accepted: [X509Certificate]?
    ) throws(CertificateRejection) -> [X509Certificate] {
        let path = CertificatePath(
            leaf: leaf,
            authorities: authorities,
            intermediates: intermediates + self.intermediates,
            time: time
        )
        let chain = try path.verify()
        try leaf.checkUsage()
        if let accepted, let root = chain.last, !chain.contains(where: { accepted.contains($0) }) {
            throw .otherAuthority(root: root.subjectText)
        }
        return chain
    }

    /// The chain, of which nothing is revoked as far as the lists at hand say and the policy wants to know.
    package func verify(
        _ leaf: X509Certificate,
        intermediates: [X509Certificate],
        at time: UnixTime,
        revocation: RevocationPolicy,
        limitedTo accepted: [X509Certificate]?
    ) throws(CertificateRejection) -> [X509Certificate] {
        let chain = try chain(from: leaf, intermediates: intermediates, at: time, limitedTo: accepted)
        try RevocationCheck(chain, self, revocation, at: time).conclude(RevocationEvidence())
        return chain
    }
}

// MARK: - What a certificate is for

extension X509Certificate {
    /// Throws `wrongUsage` for a certificate that is not for signing in IKE: without digitalSignature and nonRepudiation where
    /// the key usage is given (RFC 4945 section 5.1.3.2), without any of IKE's, TLS's or any purpose where the extended key usage
    /// is (section 5.1.3.12).
    fileprivate func checkUsage() throws(CertificateRejection) {
        let usage = X509_get_key_usage(library.pointer)
        guard usage & UInt32(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION) != 0 else {
            throw .wrongUsage(subject: subjectText, allows: "key usage without digitalSignature")
        }
        let extended: Set<String>?
        do throws(CryptoError) {
            extended = try library.extendedKeyUsage()
        } catch {
            throw .other(subject: subjectText, reason: "\(error)")
        }
        guard let extended, extended.isDisjoint(with: Self.purposesOfIKE) else { return }
        throw .wrongUsage(
            subject: subjectText,
            allows: "the extended key usage " + extended.sorted().joined(separator: ", ")
        )
    }

    private static let purposesOfIKE: Set = [
        "2.5.29.37.0",  // anyExtendedKeyUsage
        "1.3.6.1.5.5.7.3.1",  // serverAuth
        "1.3.6.1.5.5.7.3.2",  // clientAuth
        "1.3.6.1.5.5.7.3.5",  // ipsecEndSystem, as the next two obsolete but in use
        "1.3.6.1.5.5.7.3.6",  // ipsecTunnel
        "1.3.6.1.5.5.7.3.7",  // ipsecUser
        "1.3.6.1.5.5.7.3.17",  // ipsecIKE
        "1.3.6.1.5.5.8.2.2",  // iKEIntermediate
    ]
}
