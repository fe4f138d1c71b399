import COpenSSL

/// A revocation list to be (RFC 5280 section 5).
package struct RevocationListBuilder {
    package struct Entry: Hashable, Sendable {
        /// In network order.
        package var serialNumber: [UInt8]
        package var time: UnixTime

        package init(serialNumber: [UInt8], time: UnixTime) {
            self.serialNumber = serialNumber
            self.time = time
        }
    }

    package var entries: [Entry]
    /// Each list of an authority has a higher one than the list before.
    package var number: UInt64
    package var thisUpdate, nextUpdate: UnixTime

    package init(entries: [Entry], number: UInt64, thisUpdate: UnixTime, nextUpdate: UnixTime) {
        self.entries = entries
        self.number = number
        self.thisUpdate = thisUpdate
        self.nextUpdate = nextUpdate
    }

    /// The list, signed with the key of the authority whose certificate is given.
    package func signed(by key: PrivateKey, of issuer: X509Certificate) throws(CryptoError) -> RevocationList {
        let object = try LibraryObject(X509_CRL_new(), freedBy: X509_CRL_free, "X509_CRL_new")
        let list = object.pointer
        try check(X509_CRL_set_version(list, Int(X509_CRL_VERSION_2)), "X509_CRL_set_version")
        let name = X509_get_subject_name(issuer.library.pointer)
        try check(X509_CRL_set_issuer_name(list, name), "X509_CRL_set_issuer_name")
        try withTime(thisUpdate) { (time) throws(CryptoError) in
            try check(X509_CRL_set1_lastUpdate(list, time), "X509_CRL_set1_lastUpdate")
        }
        try withTime(nextUpdate) { (time) throws(CryptoError) in
            try check(X509_CRL_set1_nextUpdate(list, time), "X509_CRL_set1_nextUpdate")
        }
        for entry in entries { try add(entry, to: list) }
        try check(X509_CRL_sort(list), "X509_CRL_sort")
        try addExtensions(to: list, issuer: issuer.library.pointer)
        try check(X509_CRL_sign(list, key.pointer, key.publicKey.kind.certificateHash), "X509_CRL_sign")
        return try RevocationList(der: encoded(list, by: i2d_X509_CRL, "i2d_X509_CRL"))
    }

    private func add(_ entry: Entry, to list: OpaquePointer) throws(CryptoError) {
        guard let revoked = X509_REVOKED_new() else { throw .library("X509_REVOKED_new") }
        do throws(CryptoError) {
            try withNumber(entry.serialNumber) { (number) throws(CryptoError) in
                try check(X509_REVOKED_set_serialNumber(revoked, number), "X509_REVOKED_set_serialNumber")
            }
            try withTime(entry.time) { (time) throws(CryptoError) in
                try check(X509_REVOKED_set_revocationDate(revoked, time), "X509_REVOKED_set_revocationDate")
            }
            // Takes over the entry.
            try check(X509_CRL_add0_revoked(list, revoked), "X509_CRL_add0_revoked")
        } catch {
            X509_REVOKED_free(revoked)
            throw error
        }
    }

    private func addExtensions(to list: OpaquePointer, issuer: OpaquePointer) throws(CryptoError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, nil, nil, list, 0)
        let identifier = try LibraryObject(
            X509V3_EXT_conf_nid(nil, &context, NID_authority_key_identifier, "keyid"),
            freedBy: X509_EXTENSION_free,
            "X509V3_EXT_conf_nid"
        )
        try check(X509_CRL_add_ext(list, identifier.pointer, -1), "X509_CRL_add_ext")
        let octets = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        try withNumber(Array(octets.drop { $0 == 0 })) { (number) throws(CryptoError) in
            try check(X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0), "X509_CRL_add1_ext_i2d")
        }
    }

    private func withTime(
        _ value: UnixTime,
        _ body: (UnsafeMutablePointer<ASN1_TIME>) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        guard let time = ASN1_TIME_new() else { throw .library("ASN1_TIME_new") }
        defer { ASN1_TIME_free(time) }
        try set(time, to: value)
        try body(time)
    }

    private func withNumber(
        _ octets: [UInt8],
        _ body: (UnsafeMutablePointer<ASN1_INTEGER>) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        guard let number = ASN1_INTEGER_new() else { throw .library("ASN1_INTEGER_new") }
        defer { ASN1_INTEGER_free(number) }
        try set(number, to: octets.isEmpty ? [0] : octets)
        try body(number)
    }
}
