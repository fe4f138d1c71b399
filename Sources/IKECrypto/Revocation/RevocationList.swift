import COpenSSL

/// The certificates that an authority has taken back before they expire: a CRL (RFC 5280 section 5).
///
/// Reading one says nothing about who signed it: `TrustStore.verify` looks.
package struct RevocationList: Sendable {
    package let der: [UInt8]
    /// The Name in DER.
    package let issuer: [UInt8]
    /// The Name for people, with control characters escaped.
    package let issuerText: String
    package let thisUpdate: UnixTime
    /// When the issuer makes the next one at the latest; `nil` where it does not say.
    package let nextUpdate: UnixTime?
    /// The number of entries.
    package let count: Int

    let library: LibraryRevocationList

    /// From DER. Throws `malformed` for what is no revocation list.
    package init(der: [UInt8]) throws(CryptoError) {
        let library = try LibraryRevocationList(der: der)
        let list = library.pointer
        self.der = der
        issuer = try encoded(X509_CRL_get_issuer(list), by: i2d_X509_NAME, "i2d_X509_NAME")
        issuerText = try LibraryName.text(of: X509_CRL_get_issuer(list))
        thisUpdate = try UnixTime(X509_CRL_get0_lastUpdate(list))
        let next = X509_CRL_get0_nextUpdate(list)
        nextUpdate = next == nil ? nil : try UnixTime(next)
        count = elements(of: X509_CRL_get_REVOKED(list)).count
        self.library = library
    }

    /// From a file: DER, or PEM with one list or several. Throws `malformed`.
    package static func parse(_ file: [UInt8]) throws(CryptoError) -> [RevocationList] {
        var lists: [RevocationList] = []
        for der in try PEMBlock.contents(of: file, labelled: ["X509 CRL"], "revocation list") {
            lists.append(try RevocationList(der: der))
        }
        return lists
    }

    /// Whether the authority of this certificate made the list.
    package func isSigned(by authority: X509Certificate) -> Bool {
        defer { ERR_clear_error() }
        guard let key = X509_get0_pubkey(authority.library.pointer) else { return false }
        return X509_NAME_cmp(X509_CRL_get_issuer(library.pointer), X509_get_subject_name(authority.library.pointer))
            == 0
            && X509_CRL_verify(library.pointer, key) == 1
    }
}

/// The octets are the list.
extension RevocationList: Hashable {
    package static func == (left: RevocationList, right: RevocationList) -> Bool { left.der == right.der }

    package func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// An X509_CRL of libcrypto.
///
/// Safe to share: it is not changed once it is decoded, but for the order of its entries, which libcrypto sorts under a lock when
/// one is first looked for; its reference count is atomic.
final class LibraryRevocationList: @unchecked Sendable {
    private let handle: LibraryObject

    var pointer: OpaquePointer { handle.pointer }

    init(der: [UInt8]) throws(CryptoError) {
        handle = try LibraryObject(decoding: der, as: "revocation list", by: d2i_X509_CRL, freedBy: X509_CRL_free)
    }
}

/// What a missing or stale revocation list means, as `revocation` of a swanctl connection.
package enum RevocationPolicy: Hashable, Sendable {
    /// A current list is needed of every authority of a chain.
    case strict
    /// A current list is needed where a certificate names where to get it.
    case ifURI
    /// Only being on a list counts.
    case relaxed
}
