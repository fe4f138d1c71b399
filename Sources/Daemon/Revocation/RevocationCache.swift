import IKECore
import IKECrypto

/// What servers have said about revocation, for as long as it holds, and which of them do not answer.
///
/// Bounded: when it is full, what ends first makes room.
struct RevocationCache {
    static let mostResponses = 1024
    static let mostLists = 64
    /// Octets of all lists together.
    static let mostListOctets = 32 << 20
    /// Seconds after which a list without an end is fetched again.
    private static let unlimitedList: Int64 = 3600

    private struct Kept<Value> {
        let value: Value
        /// The last second in which it counts.
        let end: UnixTime
    }

    private struct CertificateKey: Hashable {
        let certificate, issuer: X509Certificate
    }

    private var keptResponses: [CertificateKey: Kept<OCSPResponse>] = [:]
    private var keptLists: [String: Kept<RevocationList>] = [:]
    /// The reasons by URL.
    var failures = RecentFailures<String, String>()

    // MARK: - Responses

    /// What a responder has said about a certificate, if it still counts.
    func response(about certificate: UnsettledCertificate, at time: UnixTime) -> OCSPResponse? {
        let key = CertificateKey(certificate: certificate.certificate, issuer: certificate.issuer)
        guard let kept = keptResponses[key], time <= kept.end else { return nil }
        return kept.value
    }

    mutating func keep(_ response: OCSPResponse, about certificate: UnsettledCertificate) {
        let (leaf, issuer) = (certificate.certificate, certificate.issuer)
        guard let validity = response.validity(of: leaf, issuedBy: issuer) else { return }
        keptResponses[CertificateKey(certificate: leaf, issuer: issuer)] = Kept(value: response, end: validity.end)
        while keptResponses.count > Self.mostResponses,
            let first = keptResponses.min(by: { $0.value.end < $1.value.end })
        {
            keptResponses[first.key] = nil
        }
    }

    var responses: [OCSPResponse] { keptResponses.values.map(\.value) }

    // MARK: - Lists

    /// The list that was had from a URL, if it is current.
    func list(from url: String, at time: UnixTime) -> RevocationList? {
        guard let kept = keptLists[url], time <= kept.end else { return nil }
        return kept.value
    }

    mutating func keep(_ list: RevocationList, from url: String, at time: UnixTime) {
        let end = list.nextUpdate ?? UnixTime(seconds: time.seconds + Self.unlimitedList)
        keptLists[url] = Kept(value: list, end: end)
        while keptLists.count > Self.mostLists || listOctets > Self.mostListOctets,
            let first = keptLists.min(by: { $0.value.end < $1.value.end })
        {
            keptLists[first.key] = nil
        }
    }

    private var listOctets: Int { keptLists.values.reduce(0) { $0 + $1.value.der.count } }

    var lists: [RevocationList] { keptLists.values.map(\.value) }

    // MARK: - Forgetting

    mutating func forgetResponses() {
        keptResponses = [:]
        failures = RecentFailures()
    }

    mutating func forgetLists() {
        keptLists = [:]
        failures = RecentFailures()
    }
}
