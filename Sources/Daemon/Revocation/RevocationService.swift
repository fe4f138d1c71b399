import IKECore
import IKECrypto
import LinuxNet

/// Finds out for the engine whether certificates are revoked, from responders (RFC 6960) and from the lists of their issuers,
/// and keeps what responders say of our own certificates at hand:
///
///     RevocationInquiry  --> cache, servers
///     RevocationEvidence <-- what is known, or why nothing is
///
/// Of each certificate the responders are asked first, one after the other, then the lists are fetched, until one place helps.
/// Who asks for what is asked for already gets the same answer.
final class RevocationService {
    /// Places that are tried for one certificate.
    private static let mostPlaces = 4
    /// Octets of the longest list.
    private static let longestList = 4 << 20
    /// What is known by then is told; the engine waits a little longer.
    private static let patience = RevocationInquiry.patience - .seconds(3)

    private let fetches: SharedFetches<Question, Answer>
    private let mark: UInt32
    private let clock: () -> Instant
    private let calendar: () -> UnixTime
    private(set) var cache = RevocationCache()
    private var inquiries: [InquiryID: OpenInquiry] = [:]
    private var own = OwnStatus()

    /// Takes answers, for the engine.
    var answered: (InquiryID, RevocationEvidence) -> Void = { _, _ in }
    /// Takes lines for the log.
    var log: (LogRecord) -> Void = { _ in }
    /// Called when `nextDeadline` may have become another one.
    var deadlineChanged: () -> Void = {}
    /// Called when `ownResponses` has changed.
    var ownChanged: () -> Void = {}

    /// What was found out at one place.
    private enum Answer {
        case response(OCSPResponse)
        case list(RevocationList)
        case failure(String)
    }

    /// Somewhere to ask about a certificate.
    private enum Question: Hashable {
        case responder(String, UnsettledCertificate)
        case list(String)

        var url: String {
            switch self {
            case .responder(let url, _), .list(let url): url
            }
        }
    }

    private struct OpenInquiry {
        let connection: String
        let until: Instant
        /// The certificates that are being asked about.
        var open: Set<X509Certificate>
        var evidence = RevocationEvidence()
    }

    /// - Parameter mark: of what is sent; 0: none.
    init(
        loop: EventLoop,
        mark: UInt32,
        clock: @escaping () -> Instant,
        calendar: @escaping () -> UnixTime
    ) throws(Errno) {
        fetches = try SharedFetches("iked-http", loop: loop)
        self.mark = mark
        self.clock = clock
        self.calendar = calendar
    }

    // MARK: - Inquiries

    /// Finds out; the answer comes by `answered`, perhaps before this returns.
    func find(_ inquiry: RevocationInquiry) {
        inquiries[inquiry.id] = OpenInquiry(
            connection: inquiry.connection,
            until: clock() + Self.patience,
            open: Set(inquiry.certificates.map(\.certificate))
        )
        for certificate in inquiry.certificates {
            find(certificate) { [weak self] evidence in
                self?.add(evidence, about: certificate.certificate, to: inquiry.id)
            }
        }
        deadlineChanged()
    }

    private func add(_ evidence: RevocationEvidence, about certificate: X509Certificate, to id: InquiryID) {
        guard var inquiry = inquiries[id] else { return }
        inquiry.evidence.add(evidence)
        inquiry.open.remove(certificate)
        inquiries[id] = inquiry
        if inquiry.open.isEmpty { settle(id, inquiry) }
    }

    private func settle(_ id: InquiryID, _ inquiry: OpenInquiry) {
        inquiries[id] = nil
        for failure in inquiry.evidence.failures {
            log(LogRecord(.warning, "revocation: \(failure.reason)", connection: inquiry.connection))
        }
        answered(id, inquiry.evidence)
        deadlineChanged()
    }

    // MARK: - Time

    var nextDeadline: Instant? {
        [inquiries.values.map(\.until).min(), own.nextDeadline].compactMap { $0 }.min()
    }

    func timePassed(_ now: Instant) {
        for (id, inquiry) in inquiries where inquiry.until <= now {
            var inquiry = inquiry
            let seconds = Self.patience.wholeSeconds
            inquiry.evidence.failures += inquiry.open.map { .init($0, "no server has answered within \(seconds) s") }
            settle(id, inquiry)
        }
        if let due = own.nextDeadline, due <= now { renewOwn(now) }
    }

    // MARK: - One certificate

    /// Calls `body` with what is known of a certificate: from the cache, or from the first place that helps.
    private func find(_ certificate: UnsettledCertificate, _ body: @escaping (RevocationEvidence) -> Void) {
        let today = calendar()
        if let response = cache.response(about: certificate, at: today) {
            return body(RevocationEvidence(responses: [response]))
        }
        let known = certificate.revocationListURLs.lazy.compactMap { self.cache.list(from: $0, at: today) }
        if let list = known.first(where: { $0.isSigned(by: certificate.issuer) }) {
            return body(RevocationEvidence(lists: [list]))
        }
        let places =
            certificate.ocspURLs.prefix(Self.mostPlaces).map { Question.responder($0, certificate) }
            + certificate.revocationListURLs.prefix(Self.mostPlaces).map { Question.list($0) }
        ask(places[...], about: certificate, RevocationEvidence(), body)
    }

    private func ask(
        _ places: ArraySlice<Question>,
        about certificate: UnsettledCertificate,
        _ evidence: RevocationEvidence,
        _ body: @escaping (RevocationEvidence) -> Void
    ) {
        guard let place = places.first else { return body(evidence) }
        ask(place) { [weak self] answer in
            var evidence = evidence
            switch answer {
            case .response(let response):
                evidence.responses.append(response)
                return body(evidence)
            case .list(let list):
                evidence.lists.append(list)
                if let problem = self?.problem(with: list, of: certificate.issuer) {
                    evidence.failures.append(.init(certificate.certificate, "\(place.url): \(problem)"))
                } else {
                    return body(evidence)
                }
            case .failure(let reason):
                evidence.failures.append(.init(certificate.certificate, "\(place.url): \(reason)"))
            }
            self?.ask(places.dropFirst(), about: certificate, evidence, body)
        }
    }

    private func problem(with list: RevocationList, of issuer: X509Certificate) -> String? {
        guard list.isSigned(by: issuer) else { return "the list there is not one of \"\(issuer.subjectText)\"" }
        if let nextUpdate = list.nextUpdate, nextUpdate < calendar() {
            return "the list there has been out of date since \(nextUpdate)"
        }
        return nil
    }

    // MARK: - One place

    /// Asks somewhere, unless that is under way.
    private func ask(_ question: Question, _ body: @escaping (Answer) -> Void) {
        guard !fetches.join(question, body) else { return }
        if let failure = cache.failures.failure(at: question.url, clock()) {
            return body(.failure("\(failure) (a moment ago)"))
        }
        guard let url = HTTPURL(question.url) else {
            return body(.failure("only URLs that begin with http:// can be asked"))
        }
        switch question {
        case .list:
            start(question, HTTPRequest(url: url, limit: Self.longestList), body) { octets in
                guard let list = try? RevocationList.parse(octets).first else {
                    return .failure("what is there is not a revocation list")
                }
                return .list(list)
            }
        case .responder(_, let certificate):
            let (leaf, issuer) = (certificate.certificate, certificate.issuer)
            let nonce = SystemRandom().bytes(OCSPRequest.nonceLength)
            guard let request = try? OCSPRequest(for: leaf, issuedBy: issuer, nonce: nonce) else {
                return body(.failure("no request could be made for this certificate"))
            }
            let content = HTTPRequest.Body(type: "application/ocsp-request", octets: request.der)
            let post = HTTPRequest(url: url, body: content, limit: OCSPResponse.longest)
            start(question, post, body) { [calendar] octets in
                do throws(OCSPFailure) {
                    let response = try OCSPResponse(der: octets)
                    _ = try response.status(of: leaf, issuedBy: issuer, at: calendar(), answering: request)
                    return .response(response)
                } catch {
                    return .failure("\(error)")
                }
            }
        }
    }

    private func start(
        _ question: Question,
        _ request: HTTPRequest,
        _ body: @escaping (Answer) -> Void,
        _ read: @escaping ([UInt8]) -> Answer
    ) {
        fetches.start(HTTPFetch(request: request, mark: mark), at: question, body) { [weak self] outcome in
            switch outcome {
            case .content(let octets): self?.kept(read(octets), question)
            case .failure(let failure): self?.kept(.failure("\(failure)"), question)
            case .notAsked(let reason): .failure(reason)
            }
        }
    }

    private func kept(_ answer: Answer, _ question: Question) -> Answer {
        switch (answer, question) {
        case (.response(let response), .responder(_, let certificate)): cache.keep(response, about: certificate)
        case (.list(let list), .list(let url)): cache.keep(list, from: url, at: calendar())
        case (.failure(let reason), _): cache.failures.keep(reason, at: question.url, clock())
        case (.response, .list), (.list, .responder): break
        }
        return answer
    }

    // MARK: - Forgetting

    /// Forgets what was fetched of a kind (`flush-certs`).
    func flush(responses: Bool, lists: Bool) {
        if responses { cache.forgetResponses() }
        if lists { cache.forgetLists() }
    }
}

// MARK: - Our own certificates

extension RevocationService {
    /// What responders say of our own certificates; none that is out of date.
    var ownResponses: [OCSPResponse] { own.responses }

    /// From now on keeps at hand what responders say of these certificates of ours.
    func keep(own certificates: [UnsettledCertificate]) {
        guard own.certificates != certificates else { return }
        own = OwnStatus(certificates: certificates)
        renewOwn(clock())
    }

    /// Asks about those of which nothing is known, or what is known ends soon.
    private func renewOwn(_ now: Instant) {
        let today = calendar()
        own.forgetStale(today)
        own.nextDeadline = own.certificates.isEmpty ? nil : now + OwnStatus.interval
        ownChanged()
        for certificate in own.due(today) {
            let places = certificate.ocspURLs.prefix(Self.mostPlaces).map { Question.responder($0, certificate) }
            ask(places[...], about: certificate, RevocationEvidence()) { [weak self] evidence in
                self?.take(own: evidence, certificate)
            }
        }
        deadlineChanged()
    }

    private func take(own evidence: RevocationEvidence, _ certificate: UnsettledCertificate) {
        let subject = certificate.certificate.subjectText
        for failure in evidence.failures {
            log(
                LogRecord(.warning, "revocation: no OCSP response for our certificate of \(subject): \(failure.reason)")
            )
        }
        guard let response = evidence.responses.first else { return }
        own.keep(response, about: certificate)
        ownChanged()
    }
}

/// Certificates of ours and what responders say of them.
private struct OwnStatus {
    /// How often it is looked whether there should be a newer response.
    static let interval: Duration = .seconds(300)
    /// Seconds before its end from which a response is to be replaced.
    private static let margin: Int64 = 900

    var certificates: [UnsettledCertificate] = []
    var nextDeadline: Instant?
    private var kept: [X509Certificate: (response: OCSPResponse, end: UnixTime)] = [:]

    init(certificates: [UnsettledCertificate] = []) { self.certificates = certificates }

    var responses: [OCSPResponse] { certificates.compactMap { kept[$0.certificate]?.response } }

    func due(_ today: UnixTime) -> [UnsettledCertificate] {
        certificates.filter { certificate in
            kept[certificate.certificate].map { $0.end.seconds - today.seconds < Self.margin } ?? true
        }
    }

    mutating func forgetStale(_ today: UnixTime) { kept = kept.filter { today <= $0.value.end } }

    mutating func keep(_ response: OCSPResponse, about certificate: UnsettledCertificate) {
        let (leaf, issuer) = (certificate.certificate, certificate.issuer)
        guard let validity = response.validity(of: leaf, issuedBy: issuer) else { return }
        // A peer's clock allows for less than ours.
        kept[leaf] = (response, validity.nextUpdate ?? validity.end)
    }
}
