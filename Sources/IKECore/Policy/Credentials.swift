package import IKECrypto
import IKEWire

/// The keys and certificates that we prove identities with, and what is trusted: an immutable value, replaced as a whole.
package struct Credentials: Sendable {
    /// Ours.
    package var privateKeys: [PrivateKey]
    /// Certificates of ends: ours, and those of peers that do not send theirs.
    package var certificates: [X509Certificate]
    /// Whose certificates are believed.
    package var trust: TrustStore
    /// What responders say of our own certificates; none that is out of date.
    package var status: [OCSPResponse]

    package init(
        privateKeys: [PrivateKey] = [],
        certificates: [X509Certificate] = [],
        trust: TrustStore = TrustStore(),
        status: [OCSPResponse] = []
    ) {
        self.status = status
        self.privateKeys = privateKeys
        self.certificates = certificates
        self.trust = trust
    }

    func privateKey(of publicKey: PublicKey) -> PrivateKey? {
        privateKeys.first { $0.publicKey == publicKey }
    }

    /// The intermediate authorities from the one that issued `leaf` up to below the root, as far as they are known: what a peer
    /// that knows the root alone needs to believe it.
    func intermediates(of leaf: X509Certificate) -> [X509Certificate] {
        var chain: [X509Certificate] = []
        var current = leaf
        while chain.count < Self.longestChain,
            let issuer = trust.authorities.first(where: { $0.subject == current.issuer && !$0.isSelfSigned }),
            !chain.contains(issuer)
        {
            chain.append(issuer)
            current = issuer
        }
        return chain
    }

    /// The authority at the end of the chain that `leaf` leads to, and those on the way.
    func authorities(of leaf: X509Certificate) -> [X509Certificate] {
        let intermediates = intermediates(of: leaf)
        let last = intermediates.last ?? leaf
        return intermediates + trust.authorities.filter { $0.subject == last.issuer && $0.isSelfSigned }
    }

    /// Where a certificate of ours is published, if its issuer publishes what it issues (`cert_uri_base`).
    func location(of certificate: X509Certificate) -> CertificateLocation? {
        let bases = trust.services.lazy.filter { $0.authority.subject == certificate.issuer }.compactMap(
            \.certificateBase
        )
        guard let base = bases.first, let hash = try? Digest.sha1(certificate.der) else { return nil }
        return CertificateLocation(certificateHash: hash, url: base + hexadecimal(hash))
    }

    /// What a responder says of a certificate of ours.
    func status(of certificate: X509Certificate) -> OCSPResponse? {
        guard let issuer = issuer(of: certificate) else { return nil }
        return status.first { $0.validity(of: certificate, issuedBy: issuer) != nil }
    }

    /// Those of our own certificates that a responder can be asked about.
    package var certificatesWithResponder: [UnsettledCertificate] {
        certificates.compactMap { certificate in
            guard !certificate.isAuthority, privateKey(of: certificate.publicKey) != nil,
                let issuer = issuer(of: certificate)
            else { return nil }
            let link = trust.link(certificate, issuedBy: issuer)
            return link.ocspURLs.isEmpty ? nil : link
        }
    }

    private func issuer(of certificate: X509Certificate) -> X509Certificate? {
        authorities(of: certificate).first { $0.subject == certificate.issuer }
    }

    private static let longestChain = 8
}
