import IKECore
import IKECrypto
import IKEWire
import LinuxNet

/// Fetches certificates for the engine from where peers say they are (RFC 7296 section 3.6):
///
///     CertificateInquiry    --> cache, servers
///     [FetchedCertificate]  <-- all of them, or why one is missing
///
/// The URLs come from strangers, whom the configuration lets make this host fetch something (`hash_and_url`). So only `http://` is
/// spoken, redirections are not followed, this host itself and its links are out of reach, and an answer is small, comes soon, and is
/// what the peer said. Who asks for what is being fetched already waits for the same answer.
final class CertificateService {
    typealias Answer = Result<[FetchedCertificate], CertificateFetchFailure>

    /// Octets of the longest certificate or bundle.
    static let longest = 64 << 10
    /// What is not there by then is given up; the engine waits a little longer.
    private static let patience = CertificateInquiry.patience - .seconds(3)

    private typealias One = Result<FetchedCertificate, CertificateFetchFailure>

    private let fetches: SharedFetches<CertificateLocation, One>
    private let mark: UInt32
    private let reach: HTTPFetch.Reach
    private let clock: () -> Instant
    private var cache = CertificateCache()
    private var inquiries: [InquiryID: OpenInquiry] = [:]

    /// Takes answers, for the engine.
    var answered: (InquiryID, Answer) -> Void = { _, _ in }
    /// Called when `nextDeadline` may have become another one.
    var deadlineChanged: () -> Void = {}

    private struct OpenInquiry {
        let until: Instant
        var missing: Set<CertificateLocation>
        var found: [FetchedCertificate] = []
    }

    /// - Parameters:
    ///   - mark: of what is sent; 0: none.
    ///   - reach: the hosts that may be asked.
    init(
        loop: EventLoop,
        mark: UInt32,
        reach: HTTPFetch.Reach = .otherHosts,
        clock: @escaping () -> Instant
    ) throws(Errno) {
        fetches = try SharedFetches("iked-certs", loop: loop)
        self.mark = mark
        self.reach = reach
        self.clock = clock
    }

    // MARK: - Inquiries

    /// Fetches; the answer comes by `answered`, perhaps before this returns.
    func fetch(_ inquiry: CertificateInquiry) {
        inquiries[inquiry.id] = OpenInquiry(until: clock() + Self.patience, missing: Set(inquiry.locations))
        // The first that is of no use ends it.
        for location in Set(inquiry.locations) where inquiries[inquiry.id] != nil {
            fetch(location) { [weak self] result in self?.take(result, location, inquiry.id) }
        }
        deadlineChanged()
    }

    private func take(_ result: One, _ location: CertificateLocation, _ id: InquiryID) {
        guard var inquiry = inquiries[id] else { return }
        switch result {
        case .failure(let failure): settle(id, .failure(failure))
        case .success(let fetched):
            inquiry.found.append(fetched)
            inquiry.missing.remove(location)
            inquiries[id] = inquiry
            if inquiry.missing.isEmpty { settle(id, .success(inquiry.found)) }
        }
    }

    private func settle(_ id: InquiryID, _ answer: Answer) {
        inquiries[id] = nil
        answered(id, answer)
        deadlineChanged()
    }

    // MARK: - Time

    var nextDeadline: Instant? { inquiries.values.map(\.until).min() }

    func timePassed(_ now: Instant) {
        for (id, inquiry) in inquiries where inquiry.until <= now {
            guard let missing = inquiry.missing.first else { continue }
            let seconds = Self.patience.wholeSeconds
            settle(id, .failure(CertificateFetchFailure(missing, "the server has not answered within \(seconds) s")))
        }
    }

    // MARK: - One place

    /// Calls `body` with what is at a place: from the cache, or from there.
    private func fetch(_ location: CertificateLocation, _ body: @escaping (One) -> Void) {
        if let fetched = cache.certificate(named: location.name) { return body(.success(fetched)) }
        if let failure = cache.failures.failure(at: location, clock()) { return body(.failure(failure)) }
        guard !fetches.join(location, body) else { return }
        guard let url = HTTPURL(location.url) else {
            return body(.failure(CertificateFetchFailure(location, "only URLs that begin with http:// are fetched")))
        }
        var fetch = HTTPFetch(request: HTTPRequest(url: url, limit: Self.longest), mark: mark)
        fetch.reach = reach
        fetch.mostRedirections = 0
        fetches.start(fetch, at: location, body) { [weak self] outcome in self?.read(outcome, location) }
    }

    private func read(_ outcome: FetchOutcome, _ location: CertificateLocation) -> One {
        switch outcome {
        case .notAsked(let reason): return .failure(CertificateFetchFailure(location, reason))
        case .failure(let failure): return .failure(kept(CertificateFetchFailure(location, "\(failure)"), location))
        case .content(let octets):
            do throws(CertificateFetchFailure) {
                let fetched = try FetchedCertificate(octets, at: location)
                cache.keep(fetched)
                return .success(fetched)
            } catch {
                return .failure(kept(error, location))
            }
        }
    }

    private func kept(_ failure: CertificateFetchFailure, _ location: CertificateLocation) -> CertificateFetchFailure {
        cache.failures.keep(failure, at: location, clock())
        return failure
    }

    // MARK: - Forgetting

    /// Forgets what was fetched (`flush-certs`).
    func flush() { cache = CertificateCache() }
}
