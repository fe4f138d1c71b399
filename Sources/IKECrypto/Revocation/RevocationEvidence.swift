/// What was found out about the revocation of certificates, besides the lists at hand. It is believed only as far as it proves
/// itself.
package struct RevocationEvidence: Sendable {
    package var responses: [OCSPResponse]
    package var lists: [RevocationList]
    /// What was asked or looked at in vain, for people.
    package var failures: [Failure]

    package struct Failure: Hashable, Sendable {
        /// Nil: whatever certificate it was about.
        package let certificate: X509Certificate?
        /// Where it was asked and what came of it: "http://ocsp.example.org/: connection refused".
        package let reason: String

        package init(_ certificate: X509Certificate?, _ reason: String) {
            self.certificate = certificate
            self.reason = reason
        }
    }

    package init(responses: [OCSPResponse] = [], lists: [RevocationList] = [], failures: [Failure] = []) {
        self.responses = responses
        self.lists = lists
        self.failures = failures
    }

    package mutating func add(_ other: RevocationEvidence) {
        responses += other.responses
        lists += other.lists
        failures += other.failures
    }
}

/// Where an authority's lists and responder are, besides what its certificates say, and where it publishes what it issues: a section
/// of `authorities`.
package struct AuthorityServices: Hashable, Sendable {
    package var authority: X509Certificate
    package var revocationListURLs, ocspURLs: [String]
    /// What the SHA-1 hash of a certificate, in lower case hexadecimal, makes a URL of; nil: it publishes none.
    package var certificateBase: String?

    package init(
        _ authority: X509Certificate,
        revocationListURLs: [String] = [],
        ocspURLs: [String] = [],
        certificateBase: String? = nil
    ) {
        self.authority = authority
        self.revocationListURLs = revocationListURLs
        self.ocspURLs = ocspURLs
        self.certificateBase = certificateBase
    }
}

/// A certificate of a chain that is trusted, of which it is not known whether it is revoked, and where that can be asked.
package struct UnsettledCertificate: Hashable, Sendable {
    package let certificate, issuer: X509Certificate
    /// What the configuration names comes first.
    package let ocspURLs, revocationListURLs: [String]
}
