import COpenSSL

/// A certificate to be (RFC 5280 section 4), for the small PKI that one operator runs.
package struct CertificateBuilder {
    package enum Purpose: Hashable, Sendable {
        /// A self-signed CA that issues to hosts, and to no further CAs.
        case authority
        /// A host or user that signs in IKE.
        case endEntity
    }

    /// The subject's only attribute, its CN: 1 to 64 characters.
    package var commonName: String
    package var alternativeNames: [AlternativeName] = []
    package var publicKey: PublicKey
    package var notBefore, notAfter: UnixTime
    package var purpose: Purpose
    /// The extended key usage of an end entity, in OpenSSL's words: IKE's, with serverAuth, which is what the clients of Windows,
    /// macOS and iOS look for in a gateway.
    package var keyPurposes: StaticString = "serverAuth,clientAuth,1.3.6.1.5.5.7.3.17"

    package init(
        commonName: String,
        alternativeNames: [AlternativeName] = [],
        publicKey: PublicKey,
        notBefore: UnixTime,
        notAfter: UnixTime,
        purpose: Purpose
    ) {
        self.commonName = commonName
        self.alternativeNames = alternativeNames
        self.publicKey = publicKey
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.purpose = purpose
    }

    /// The certificate with a random serial number, signed with the issuer's key; without an issuer it is self-signed. Throws
    /// `library` for a CN that is too long, `unsupported` for a name that is neither DNS, mail nor address.
    package func signed(
        by key: PrivateKey,
        of issuer: X509Certificate?
    ) throws(CryptoError) -> X509Certificate {
        let object = try LibraryObject(X509_new(), freedBy: X509_free, "X509_new")
        let certificate = object.pointer
        try check(X509_set_version(certificate, Int(X509_VERSION_3)), "X509_set_version")
        try set(X509_get_serialNumber(certificate), to: Self.newSerialNumber())
        try set(X509_getm_notBefore(certificate), to: notBefore)
        try set(X509_getm_notAfter(certificate), to: notAfter)
        let subject = X509_get_subject_name(certificate)
        try addCommonName(to: subject)
        let issuerName = issuer.map { X509_get_subject_name($0.library.pointer) } ?? subject
        try check(X509_set_issuer_name(certificate, issuerName), "X509_set_issuer_name")
        let subjectKey = try LibraryKey(subjectPublicKeyInfo: publicKey.subjectPublicKeyInfo)
        try check(X509_set_pubkey(certificate, subjectKey.pointer), "X509_set_pubkey")
        try addExtensions(to: certificate, issuer: issuer?.library.pointer)
        try check(X509_sign(certificate, key.pointer, key.publicKey.kind.certificateHash), "X509_sign")
        return try X509Certificate(der: encoded(certificate, by: i2d_X509, "i2d_X509"))
    }

    /// 127 random bits, which no two certificates share, without a zero in front.
    private static func newSerialNumber() -> [UInt8] {
        var octets = SystemRandom().bytes(16)
        octets[0] = octets[0] & 0x7F | 0x40
        return octets
    }

    private func addCommonName(to name: OpaquePointer?) throws(CryptoError) {
        let text = Array(commonName.utf8)
        let length = try int32(text.count, "common name")
        try check(
            X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, length, -1, 0),
            "X509_NAME_add_entry_by_NID"
        )
    }
}

// MARK: - Extensions

extension CertificateBuilder {
    private func addExtensions(to certificate: OpaquePointer, issuer: OpaquePointer?) throws(CryptoError) {
        switch purpose {
        case .authority:
            try add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", to: certificate, issuer)
            try add(NID_key_usage, "critical,keyCertSign,cRLSign", to: certificate, issuer)
        case .endEntity:
            try add(NID_basic_constraints, "critical,CA:FALSE", to: certificate, issuer)
            try add(NID_key_usage, "critical,digitalSignature", to: certificate, issuer)
            try add(NID_ext_key_usage, keyPurposes, to: certificate, issuer)
        }
        try add(NID_subject_key_identifier, "hash", to: certificate, issuer)
        if issuer != nil { try add(NID_authority_key_identifier, "keyid", to: certificate, issuer) }
        if !alternativeNames.isEmpty { try addAlternativeNames(to: certificate) }
    }

    /// An extension in the words of OpenSSL's configuration; only our own texts come here, never a name.
    private func add(
        _ number: Int32,
        _ value: StaticString,
        to certificate: OpaquePointer,
        _ issuer: OpaquePointer?
    ) throws(CryptoError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer ?? certificate, certificate, nil, nil, 0)
        let made = try LibraryObject(
            X509V3_EXT_conf_nid(nil, &context, number, value.cString),
            freedBy: X509_EXTENSION_free,
            "X509V3_EXT_conf_nid"
        )
        try check(X509_add_ext(certificate, made.pointer, -1), "X509_add_ext")
    }

    private func addAlternativeNames(to certificate: OpaquePointer) throws(CryptoError) {
        let names = try LibraryObject(OPENSSL_sk_new_null(), freedBy: GENERAL_NAMES_free, "OPENSSL_sk_new_null")
        for name in alternativeNames {
            let entry = try name.generalName()
            guard OPENSSL_sk_push(names.pointer, entry) > 0 else {
                GENERAL_NAME_free(entry)
                throw .library("OPENSSL_sk_push")
            }
        }
        let pointer = UnsafeMutableRawPointer(names.pointer)
        try check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, pointer, 0, 0), "X509_add1_ext_i2d")
    }
}

extension AlternativeName {
    /// libcrypto's form of the name, which the caller frees.
    fileprivate func generalName() throws(CryptoError) -> UnsafeMutablePointer<GENERAL_NAME> {
        let type: Int32
        let octets: [UInt8]
        switch self {
        case .dns(let name): (type, octets) = (GEN_DNS, Array(name.utf8))
        case .email(let name): (type, octets) = (GEN_EMAIL, Array(name.utf8))
        case .address(let address): (type, octets) = (GEN_IPADD, address)
        case .directoryName, .other: throw .unsupported("a name of this kind in a new certificate")
        }
        let length = try int32(octets.count, "name")
        guard let value = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING) else {
            throw .library("ASN1_STRING_type_new")
        }
        guard ASN1_STRING_set(value, octets, length) == 1, let name = GENERAL_NAME_new() else {
            ASN1_STRING_free(value)
            throw .library("GENERAL_NAME_new")
        }
        // Takes over the value.
        GENERAL_NAME_set0_value(name, type, value)
        return name
    }
}

// MARK: - ASN.1

/// Sets a number from octets in network order.
func set(_ number: UnsafeMutablePointer<ASN1_INTEGER>?, to octets: [UInt8]) throws(CryptoError) {
    try check(ASN1_STRING_set(number, octets, int32(octets.count, "number")), "ASN1_STRING_set")
}

/// Sets a time, as UTCTime or GeneralizedTime by its year.
func set(_ time: UnsafeMutablePointer<ASN1_TIME>?, to value: UnixTime) throws(CryptoError) {
    guard ASN1_TIME_set(time, Int(value.seconds)) != nil else { throw .library("ASN1_TIME_set") }
}
