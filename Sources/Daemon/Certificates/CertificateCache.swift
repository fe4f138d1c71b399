import IKECore
import IKECrypto
import IKEWire

/// Certificates that were fetched, by their hashes, so that a peer which authenticates again costs nothing; and what was of no use a
/// moment ago.
///
/// Bounded: when it is full, what came first makes room. A certificate does not change, so none becomes stale.
struct CertificateCache {
    static let mostPlaces = 1024
    /// Octets of all certificates together.
    static let mostOctets = 4 << 20

    private var kept: [CertificateLocation.Name: FetchedCertificate] = [:]
    /// From the oldest on.
    private var order: [CertificateLocation.Name] = []
    private var octets = 0
    var failures = RecentFailures<CertificateLocation, CertificateFetchFailure>()

    func certificate(named name: CertificateLocation.Name) -> FetchedCertificate? { kept[name] }

    mutating func keep(_ fetched: FetchedCertificate) {
        guard kept.updateValue(fetched, forKey: fetched.name) == nil else { return }
        order.append(fetched.name)
        octets += fetched.octets
        while kept.count > Self.mostPlaces || octets > Self.mostOctets, let oldest = order.first {
            order.removeFirst()
            octets -= kept.removeValue(forKey: oldest)?.octets ?? 0
        }
    }
}

extension FetchedCertificate {
    fileprivate var octets: Int { certificates.reduce(0) { $0 + $1.der.count } }
}
