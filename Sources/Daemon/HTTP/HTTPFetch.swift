import Inet
import LinuxNet

/// One request from its URL to its answer, on a thread of its own.
struct HTTPFetch: Sendable {
    let request: HTTPRequest
    /// The mark of what it sends, which no route into a tunnel takes; 0: none.
    let mark: UInt32
    var reach = Reach.anywhere
    /// How many redirections are followed.
    var mostRedirections = 3

    /// The hosts that may be asked. Redirections never lead to this host or its links.
    enum Reach: Sendable {
        case anywhere
        /// All but this host and what is on its links alone: for URLs from strangers, who may not talk to what serves this host.
        case otherHosts
    }

    /// For the connection, the request and the answer, redirections included. Looking a name up takes what the system allows.
    static let patience: Duration = .seconds(5)
    /// Addresses of a name that are tried.
    private static let mostAddresses = 4
    private static let octetsAtOnce = 16 << 10

    /// The content of the answer. Waits for servers.
    func perform() throws(HTTPFailure) -> [UInt8] {
        let deadline = MonotonicClock.nanoseconds(after: Self.patience)
        var request = request
        for attempt in 0...max(0, mostRedirections) {
            let response = try exchange(request, isRedirected: attempt > 0, deadline)
            if response.status == 200 { return response.body }
            // The others turn a POST into a GET, which would lose the question.
            let redirections: Set = request.body == nil ? [301, 302, 303, 307, 308] : [307, 308]
            guard redirections.contains(response.status) else { throw HTTPFailure("status \(response.status)") }
            guard attempt < mostRedirections else { break }
            guard let location = response.fields["location"]?.first, let next = request.url.following(location) else {
                throw HTTPFailure("status \(response.status) without a place that could be followed")
            }
            request.url = next
        }
        throw HTTPFailure(
            mostRedirections > 0
                ? "more than \(mostRedirections) redirections" : "a redirection, and none is followed here"
        )
    }

    private func exchange(
        _ request: HTTPRequest,
        isRedirected: Bool,
        _ deadline: UInt64
    ) throws(HTTPFailure) -> HTTPResponse {
        let addresses = try addresses(of: request.url.host)
        // Who answers at a place that is known may not send us to this host's own services.
        if isRedirected || reach == .otherHosts, let address = addresses.first(where: \.isOfThisHost) {
            throw HTTPFailure(
                isRedirected
                    ? "redirected to \(request.url), which is at \(address)"
                    : "it is at \(address), and this host and its links are not asked"
            )
        }
        let connection = try connect(addresses, request.url.port, deadline)
        try whileTalking { () throws(Errno) in try connection.send(request.octets) }
        var reader = HTTPResponseReader(limit: request.limit)
        while true {
            let octets = try whileTalking { () throws(Errno) in try connection.receive(atMost: Self.octetsAtOnce) }
            if let response = try reader.take(octets, isEnd: octets.isEmpty) { return response }
        }
    }

    private func addresses(of host: String) throws(HTTPFailure) -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        do throws(HostNames.Failure) {
            return try HostNames.addresses(of: host)
        } catch {
            throw HTTPFailure("\(error)")
        }
    }

    private func connect(
        _ addresses: [IPAddress],
        _ port: UInt16,
        _ deadline: UInt64
    ) throws(HTTPFailure) -> TCPConnection {
        var failure: HTTPFailure?
        for address in addresses.prefix(Self.mostAddresses) {
            do throws(Errno) {
                let server = SocketAddress(address: address, port: port)
                return try TCPConnection(to: server, mark: mark, until: deadline)
            } catch {
                failure = failure ?? HTTPFailure("\(error)")
            }
        }
        throw failure ?? HTTPFailure("the host has no address")
    }

    private func whileTalking<Value>(_ body: () throws(Errno) -> Value) throws(HTTPFailure) -> Value {
        do throws(Errno) {
            return try body()
        } catch {
            throw HTTPFailure("\(error)")
        }
    }
}

extension IPAddress {
    /// This host, however it is written (as ::ffff:127.0.0.1), or a link of it, or no host at all.
    fileprivate var isOfThisHost: Bool {
        isUnspecified || isLoopback || isLinkScoped || isMulticast
            || family == .v6 && bytes.prefix(8).allSatisfy { $0 == 0 }
    }
}
