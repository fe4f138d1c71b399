/// Whether the certificates of a chain are revoked, by OCSP responses and revocation lists.
///
/// Each certificate but the trusted one at the end is looked at, with its issuer:
///
///     a response or a list says that it is revoked          it is, whatever else there is
///     a response or a current list says that it is not      it is good
///     nothing does                                          it is unsettled: one may ask where its URLs lead to;
///                                                           if that does not help, the policy decides
package struct RevocationCheck: Sendable {
    private let chain: [X509Certificate]
    private let trust: TrustStore
    private let policy: RevocationPolicy
    private let time: UnixTime

    /// - Parameter chain: as `TrustStore.chain` has found it.
    package init(_ chain: [X509Certificate], _ trust: TrustStore, _ policy: RevocationPolicy, at time: UnixTime) {
        self.chain = chain
        self.trust = trust
        self.policy = policy
        self.time = time
    }

    /// The certificates about which more could be found out. Throws `revoked` for one of which nothing more need be known.
    package func unsettled(_ evidence: RevocationEvidence) throws(CertificateRejection) -> [UnsettledCertificate] {
        var unsettled: [UnsettledCertificate] = []
        for link in links {
            switch standing(of: link, evidence) {
            case .good: continue
            case .revoked(let rejection): throw rejection
            case .unknown: if link.hasURLs { unsettled.append(link) }
            }
        }
        return unsettled
    }

    /// The same with nothing but the lists at hand; none if one of them revokes.
    package var unsettled: [UnsettledCertificate] { (try? unsettled(RevocationEvidence())) ?? [] }

    /// Judges by what is known, once there is nobody left to ask.
    package func conclude(_ evidence: RevocationEvidence) throws(CertificateRejection) {
        for link in links {
            switch standing(of: link, evidence) {
            case .good: continue
            case .revoked(let rejection): throw rejection
            case .unknown(let rejection):
                guard policy == .strict || policy == .ifURI && link.hasURLs else { continue }
                throw rejection
            }
        }
    }

    /// The certificates with their issuers.
    private var links: [UnsettledCertificate] {
        zip(chain, chain.dropFirst()).map { trust.link($0, issuedBy: $1) }
    }

    // MARK: - One certificate

    private enum Standing {
        case good
        case revoked(CertificateRejection)
        case unknown(CertificateRejection)
    }

    private func standing(of link: UnsettledCertificate, _ evidence: RevocationEvidence) -> Standing {
        let (certificate, issuer) = (link.certificate, link.issuer)
        let revoked = CertificateRejection.revoked(
            subject: certificate.subjectText,
            serialNumber: certificate.serialNumber
        )
        var isGood = false
        var problems: [String] = []
        for response in evidence.responses {
            do throws(OCSPFailure) {
                switch try response.status(of: certificate, issuedBy: issuer, at: time) {
                case .good: isGood = true
                case .revoked: return .revoked(revoked)
                }
            } catch .otherCertificate {
                continue
            } catch {
                problems.append("\(error)")
            }
        }
        let lists = (trust.revocationLists + evidence.lists).filter { $0.isSigned(by: issuer) }
        let path = CertificatePath(leaf: certificate, authorities: [issuer], intermediates: [], time: time)
        switch path.consult(lists) {
        case .good: isGood = true
        case .revoked: return .revoked(revoked)
        case .unknown(let rejection) where !isGood:
            problems += evidence.failures.filter { $0.certificate == nil || $0.certificate == certificate }
                .map(\.reason)
            guard !problems.isEmpty else { return .unknown(rejection) }
            return .unknown(.unknownStatus(subject: certificate.subjectText, reasons: problems + ["\(rejection)"]))
        case .unknown: break
        }
        return .good
    }
}

extension TrustStore {
    /// A certificate with where one can ask whether its issuer has revoked it.
    package func link(_ certificate: X509Certificate, issuedBy issuer: X509Certificate) -> UnsettledCertificate {
        let services = services.filter { $0.authority == issuer }
        return UnsettledCertificate(
            certificate: certificate,
            issuer: issuer,
            ocspURLs: services.flatMap(\.ocspURLs) + certificate.ocspURLs,
            revocationListURLs: services.flatMap(\.revocationListURLs) + certificate.revocationListURLs
        )
    }
}

extension UnsettledCertificate {
    fileprivate var hasURLs: Bool { !ocspURLs.isEmpty || !revocationListURLs.isEmpty }
}
