import COpenSSL

/// A certificate of the X.509 public key infrastructure (RFC 5280), as the CERT payload carries it.
///
/// Reading one says nothing about whether it can be trusted: that is `TrustStore.verify`.
package struct X509Certificate: Sendable {
    /// The certificate as it came.
    package let der: [UInt8]
    /// The Names in DER.
    package let subject, issuer: [UInt8]
    /// The Names for people: "C=CH, O=example, CN=gw", with control characters escaped.
    package let subjectText, issuerText: String
    /// In network order, as few octets as it needs.
    package let serialNumber: [UInt8]
    package let notBefore, notAfter: UnixTime
    package let publicKey: PublicKey
    /// `nil` where the certificate names none.
    package let subjectKeyIdentifier: [UInt8]?
    package let alternativeNames: [AlternativeName]
    /// The basic constraints say that it may sign others.
    package let isAuthority: Bool
    /// Issued by its own subject, and signed with its own key.
    package let isSelfSigned: Bool
    /// Where the issuer offers its revocation list and its OCSP responder.
    package let revocationListURLs, ocspURLs: [String]

    let library: LibraryCertificate

    /// Octets of the longest certificate that is read. Chains of ordinary ones fit into an IKE message of 64 KiB.
    private static let longest = 1 << 16

    /// From DER. Throws `malformed` for what is no certificate, `invalidLength` for one above 64 KiB, and `unsupported` for one
    /// whose key is of a kind that does not sign here.
    package init(der: [UInt8]) throws(CryptoError) {
        guard der.count <= Self.longest else { throw .invalidLength(field: "certificate", octets: der.count) }
        let library = try LibraryCertificate(der: der)
        let certificate = library.pointer
        self.der = der
        subject = try encoded(X509_get_subject_name(certificate), by: i2d_X509_NAME, "i2d_X509_NAME")
        issuer = try encoded(X509_get_issuer_name(certificate), by: i2d_X509_NAME, "i2d_X509_NAME")
        subjectText = try LibraryName.text(of: X509_get_subject_name(certificate))
        issuerText = try LibraryName.text(of: X509_get_issuer_name(certificate))
        serialNumber = octets(of: X509_get0_serialNumber(certificate))
        notBefore = try UnixTime(X509_get0_notBefore(certificate))
        notAfter = try UnixTime(X509_get0_notAfter(certificate))
        publicKey = try PublicKey(
            subjectPublicKeyInfo: encoded(X509_get_X509_PUBKEY(certificate), by: i2d_X509_PUBKEY, "i2d_X509_PUBKEY")
        )
        subjectKeyIdentifier = X509_get0_subject_key_id(certificate).map { octets(of: $0) }
        alternativeNames = try library.alternativeNames()
        isAuthority = X509_get_extension_flags(certificate) & UInt32(EXFLAG_CA) != 0
        isSelfSigned = X509_self_signed(certificate, 1) == 1
        ERR_clear_error()
        revocationListURLs = try library.revocationListURLs()
        ocspURLs = try library.ocspURLs()
        self.library = library
    }

    /// From a file: DER, or PEM with one certificate or several. Throws as `init` does, and for a PEM file without any.
    package static func parse(_ file: [UInt8]) throws(CryptoError) -> [X509Certificate] {
        let labels: Set = ["CERTIFICATE", "X509 CERTIFICATE"]
        var certificates: [X509Certificate] = []
        for der in try PEMBlock.contents(of: file, labelled: labels, "certificate") {
            certificates.append(try X509Certificate(der: der))
        }
        return certificates
    }
}

extension LibraryCertificate {
    fileprivate func alternativeNames() throws(CryptoError) -> [AlternativeName] {
        guard let names = try self.extension(NID_subject_alt_name, freedBy: GENERAL_NAMES_free) else { return [] }
        return try AlternativeName.names(of: names.pointer)
    }

    /// The URIs of the distribution points (RFC 5280 section 4.2.1.13).
    fileprivate func revocationListURLs() throws(CryptoError) -> [String] {
        guard let points = try self.extension(NID_crl_distribution_points, freedBy: CRL_DIST_POINTS_free) else {
            return []
        }
        return elements(of: points.pointer).flatMap { point -> [String] in
            guard let name = point.assumingMemoryBound(to: DIST_POINT.self).pointee.distpoint,
                name.pointee.type == 0  // fullName
            else { return [] }
            return AlternativeName.uris(of: name.pointee.name.fullname)
        }
    }

    /// The URIs of the authority information access (RFC 5280 section 4.2.2.1).
    fileprivate func ocspURLs() throws(CryptoError) -> [String] {
        guard let access = try self.extension(NID_info_access, freedBy: AUTHORITY_INFO_ACCESS_free) else { return [] }
        return elements(of: access.pointer).compactMap { element in
            let description = element.assumingMemoryBound(to: ACCESS_DESCRIPTION.self).pointee
            guard OBJ_obj2nid(description.method) == NID_ad_OCSP else { return nil }
            return AlternativeName.uri(of: description.location)
        }
    }
}

// MARK: - Comparing

/// The octets are the certificate.
extension X509Certificate: Hashable {
    package static func == (left: X509Certificate, right: X509Certificate) -> Bool { left.der == right.der }

    package func hash(into hasher: inout Hasher) { hasher.combine(der) }
}
