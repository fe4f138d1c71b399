package import IKECrypto
package import IKEWire

/// What is to be fetched before a peer's proof can be looked at: certificates of which the peer has only said where they are
/// (RFC 7296 section 3.6).
///
/// The peer is a stranger: it has named an identity that a connection is for, and proved nothing. So this is only asked where the
/// configuration allows it (`hash_and_url`).
package struct CertificateInquiry: Sendable {
    package let id: InquiryID
    /// The name of the connection.
    package let connection: String
    /// Never empty.
    package let locations: [CertificateLocation]

    package init(id: InquiryID, connection: String, locations: [CertificateLocation]) {
        self.id = id
        self.connection = connection
        self.locations = locations
    }

    /// How long an exchange of IKE_AUTH waits for all of them.
    package static let patience: Duration = .seconds(15)
}

/// What was fetched from a place, and is what the peer said would be there.
package struct FetchedCertificate: Sendable {
    package let name: CertificateLocation.Name
    /// Never empty; one, unless the place has a bundle.
    package let certificates: [X509Certificate]

    /// Looks at the hash before anything else. Throws for what is something else, or no certificate.
    package init(_ octets: [UInt8], at location: CertificateLocation) throws(CertificateFetchFailure) {
        name = location.name
        guard let hash = try? Digest.sha1(octets), hash == name.hash else {
            let said = hexadecimal(name.hash)
            throw CertificateFetchFailure(location, "what is there has not the SHA-1 hash that the peer says, \(said)")
        }
        do throws(CryptoError) {
            certificates =
                switch name.content {
                case .certificate: [try X509Certificate(der: octets)]
                case .bundle: try CertificateBundle.certificates(in: octets)
                }
        } catch {
            throw CertificateFetchFailure(location, "\(error)")
        }
    }
}

/// Why a certificate was not to be had: where, and what came of it.
package struct CertificateFetchFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ location: CertificateLocation, _ reason: String) { description = "\(location.url): \(reason)" }
}

/// Certificates that a peer has only said the places of.
struct UnfetchedCertificates {
    let locations: [CertificateLocation]
    /// Who the peer says that it is.
    let identity: Identification
    /// The first that may be meant.
    let connection: Connection

    /// More places are not asked for one message: the end's certificate and those of three authorities above it.
    private static let most = 4

    /// What there is to fetch before the proof in `payloads` can be looked at; nil: nothing, or nothing that the peer was told it may
    /// make us fetch.
    ///
    /// - Parameter connections: those that may be meant.
    init?(
        in payloads: [Payload],
        of identity: Identification,
        for connections: () throws(NegotiationFailure) -> [Connection],
        _ context: EAPContext
    ) throws(NegotiationFailure) {
        let certificates = payloads.certificates.filter(\.encoding.isLocation)
        guard !certificates.isEmpty, context.fetchesCertificates,
            let authentication = payloads.authentication, authentication.method != .sharedKey,
            let connection = try connections().first(where: \.takesLocations)
        else { return nil }
        let locations = certificates.compactMap { CertificateLocation($0) }
        guard locations.count == certificates.count, locations.count <= Self.most else {
            throw NegotiationFailure(
                .authenticationFailed,
                locations.count == certificates.count
                    ? "\(identity) sent \(locations.count) URLs of certificates, of which \(Self.most) are fetched at most"
                    : "\(identity) sent a certificate as hash and URL that is not a hash and a URL",
                notify: Notify(.authenticationFailed)
            )
        }
        (self.locations, self.identity, self.connection) = (locations, identity, connection)
    }

    /// The payloads with the certificates in place of where they are. Throws where one was not to be had.
    func replaced(
        in payloads: [Payload],
        by result: Result<[FetchedCertificate], CertificateFetchFailure>
    ) throws(NegotiationFailure) -> [Payload] {
        do throws(CertificateFetchFailure) {
            let fetched = try result.get()
            let names = Set(fetched.map(\.name))
            if let missing = locations.first(where: { !names.contains($0.name) }) {
                throw CertificateFetchFailure(missing, "it was not fetched")
            }
            return payloads.replacingLocations(by: fetched)
        } catch {
            throw NegotiationFailure(
                .authenticationFailed,
                "the certificate of \(identity) cannot be fetched: \(error)",
                notify: Notify(.authenticationFailed)
            )
        }
    }

    /// What there is when the time is up.
    var tooLate: CertificateFetchFailure {
        CertificateFetchFailure(locations[0], "no answer came within \(CertificateInquiry.patience.wholeSeconds) s")
    }
}

extension Connection {
    /// Its peer may say where its certificates are, and hears so (HTTP_CERT_LOOKUP_SUPPORTED), if the settings allow it at all.
    var takesLocations: Bool { asksForCertificate && remote.kind.publicKey?.needsCertificates ?? false }
}

extension [Payload] {
    /// The same with certificates in place of where they are.
    fileprivate func replacingLocations(by fetched: [FetchedCertificate]) -> [Payload] {
        let found = Dictionary(fetched.map { ($0.name, $0.certificates) }) { first, _ in first }
        return flatMap { payload -> [Payload] in
            guard case .certificate(let certificate) = payload.body,
                let certificates = CertificateLocation(certificate).flatMap({ found[$0.name] })
            else { return [payload] }
            return certificates.map { Payload(.certificate(Certificate(encoding: .x509Signature, data: $0.der))) }
        }
    }
}
