import COpenSSL

/// What an OCSP responder says about certificates (RFC 6960 section 4.2).
///
/// Reading one says nothing about who signed it, nor when: `status` looks.
package struct OCSPResponse: Sendable {
    package let der: [UInt8]

    private let library: LibraryOCSPResponse

    /// Octets of the longest response that is read: an answer about one certificate with the responder's own.
    package static let longest = 1 << 16

    /// From DER. Throws `malformed`, or `unsuccessful` for the responder's refusal to answer.
    package init(der: [UInt8]) throws(OCSPFailure) {
        guard der.count <= Self.longest else { throw .malformed }
        self.der = der
        library = try LibraryOCSPResponse(der: der)
    }

    /// What it says about a certificate.
    ///
    /// Throws if it says nothing of this certificate, is not signed by the issuer or by who the issuer has named for that
    /// (RFC 6960 section 4.2.2.2), is not of this time, or has another nonce than the request that it answers. A responder that
    /// makes its answers ahead of time leaves the nonce out, which is allowed.
    package func status(
        of certificate: X509Certificate,
        issuedBy issuer: X509Certificate,
        at time: UnixTime,
        answering request: OCSPRequest? = nil
    ) throws(OCSPFailure) -> OCSPStatus {
        let answer = try library.answer(about: certificate, issuedBy: issuer)
        if let request { try library.checkNonce(of: request) }
        try library.checkSignature(issuer, at: time)
        try answer.validity.check(at: time)
        return try answer.status()
    }

    /// How long it can be relied on; nil if it says nothing of the certificate.
    package func validity(of certificate: X509Certificate, issuedBy issuer: X509Certificate) -> OCSPValidity? {
        try? library.answer(about: certificate, issuedBy: issuer).validity
    }
}

/// The octets are the response.
extension OCSPResponse: Hashable {
    package static func == (left: OCSPResponse, right: OCSPResponse) -> Bool { left.der == right.der }

    package func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// What a responder says about one certificate.
package enum OCSPStatus: Hashable, Sendable {
    case good
    case revoked
}

/// From when and until when an answer holds.
package struct OCSPValidity: Hashable, Sendable {
    package let thisUpdate: UnixTime
    /// Nil: the responder always has newer information.
    package let nextUpdate: UnixTime?

    /// Seconds that the clocks here and there may differ.
    package static let tolerance: Int64 = 300
    /// Seconds for which an answer counts that does not say how long.
    package static let unlimited: Int64 = 3600

    /// The last second in which it counts, by our clock.
    package var end: UnixTime {
        let end = nextUpdate.map(\.seconds) ?? thisUpdate.seconds.addingClamped(Self.unlimited)
        return UnixTime(seconds: end.addingClamped(Self.tolerance))
    }

    func check(at time: UnixTime) throws(OCSPFailure) {
        guard thisUpdate.seconds <= time.seconds.addingClamped(Self.tolerance) else {
            throw .notYetValid(thisUpdate: thisUpdate)
        }
        guard time <= end else { throw .stale(nextUpdate: nextUpdate ?? end) }
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, hasOverflown) = addingReportingOverflow(other)
        return hasOverflown ? (other < 0 ? .min : .max) : sum
    }
}

/// Why an answer about a certificate does not count.
package enum OCSPFailure: Error, Equatable, Sendable {
    case malformed
    /// The responder does not answer, for this reason (RFC 6960 section 4.2.1).
    case unsuccessful(String)
    /// It is about other certificates.
    case otherCertificate
    /// The responder does not know the certificate.
    case unknownCertificate
    case wrongNonce
    /// The signature is wrong, or the signer may not answer for the issuer; the reason is libcrypto's.
    case untrustedSigner(String)
    case notYetValid(thisUpdate: UnixTime)
    case stale(nextUpdate: UnixTime)
}

extension OCSPFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed: "the answer is not one of OCSP"
        case .unsuccessful(let status): "the responder refuses to answer: \(status)"
        case .otherCertificate: "the answer is not about this certificate"
        case .unknownCertificate: "the responder does not know this certificate"
        case .wrongNonce: "the answer is one to another request: its nonce is wrong"
        case .untrustedSigner(let reason):
            "the answer is not signed by the certificate's issuer, nor by a responder that it has named (\(reason))"
        case .notYetValid(let time): "the answer is one from \(time), which has not come yet; are the clocks right?"
        case .stale(let time): "the answer has been out of date since \(time)"
        }
    }
}
