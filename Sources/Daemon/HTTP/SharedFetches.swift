import LinuxNet

/// Fetches for all who want what is at some place: each place is asked once at a time, and whoever comes meanwhile waits for the
/// same finding. Few places are asked at once, and few wait for their turn.
final class SharedFetches<Place: Hashable, Finding> {
    private let threads: JobThreads<Result<[UInt8], HTTPFailure>>
    /// Who waits for what is found at a place.
    private var waiting: [Place: [(Finding) -> Void]] = [:]

    /// - Parameter name: of the threads, at most 15 octets.
    init(_ name: String, loop: EventLoop) throws(Errno) {
        threads = try JobThreads(name, mostAtOnce: 4, mostWaiting: mostWaiting, loop: loop)
    }

    /// Waits with those who wait for a place already; false if nobody does.
    func join(_ place: Place, _ body: @escaping (Finding) -> Void) -> Bool {
        guard waiting[place] != nil else { return false }
        waiting[place]?.append(body)
        return true
    }

    /// Asks a place that nobody waits for yet.
    ///
    /// - Parameters:
    ///   - body: called with what is found, perhaps before this returns.
    ///   - read: makes a finding of the outcome, once for all who wait; nil when nobody wants it any more.
    func start(
        _ fetch: HTTPFetch,
        at place: Place,
        _ body: @escaping (Finding) -> Void,
        read: @escaping (FetchOutcome) -> Finding?
    ) {
        waiting[place] = [body]
        let isStarted = threads.start({
            Result { () throws(HTTPFailure) in try fetch.perform() }
        }) { [weak self] result in
            switch result {
            case .success(.success(let octets)): self?.tell(read(.content(octets)), place)
            case .success(.failure(let failure)): self?.tell(read(.failure(failure)), place)
            case .failure(let error): self?.tell(read(.notAsked("\(error)")), place)
            }
        }
        if !isStarted { tell(read(.notAsked("\(mostWaiting) other requests wait already")), place) }
    }

    private func tell(_ finding: Finding?, _ place: Place) {
        let bodies = waiting.removeValue(forKey: place) ?? []
        guard let finding else { return }
        for body in bodies { body(finding) }
    }
}

/// What came of a fetch.
enum FetchOutcome {
    case content([UInt8])
    /// The place is of no use.
    case failure(HTTPFailure)
    /// This host has not asked. That says nothing about the place and is not to be kept, so that who floods this host does not shut
    /// others out for longer.
    case notAsked(String)
}

/// Fetches that wait for their turn.
private let mostWaiting = 64
