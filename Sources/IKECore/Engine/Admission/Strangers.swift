import IKECrypto
import IKEWire
import Inet

/// What was dropped without further ado, and what was asked of strangers instead of serving them, by cause.
package struct DropCounters: Hashable, Sendable {
    package var malformed = 0
    package var unknownSPI = 0
    /// Requests beyond the number of half-open IKE SAs in all.
    package var overLimit = 0
    /// Requests beyond the number of half-open IKE SAs of one peer.
    package var overPeerLimit = 0
    /// Requests that got a cookie to bring back.
    package var cookiesAsked = 0
    /// Requests that got a puzzle to solve.
    package var puzzlesAsked = 0
    /// Answers outside of any SA that were not sent because the peer had enough of them.
    package var unanswered = 0
    /// Messages for half-open IKE SAs that failed their integrity check.
    package var forgeries = 0
    /// Messages for half-open IKE SAs that were not even checked, because too many had failed.
    package var unchecked = 0

    package init() {}
}

/// What those may cause who have authenticated nothing: lines in the log, answers, counts. Each has its bound.
final class Strangers {
    /// What strangers cause lines about; each has its own limit, so that a flood of one kind hides no other.
    enum Topic: CaseIterable {
        case malformed, unknownSA, otherVersion, refusedRequest, halfOpen, abandoned, failedAuthentication, forgery
    }

    var drops = DropCounters()
    private var logs: [Topic: LogLimit] = [:]
    /// As many answers as a network behind one address can want when all of it connects at once; whoever lets us answer
    /// to somebody else's address sends more himself.
    private var answers: PeerRateLimit

    init(random: any RandomSource) {
        answers = PeerRateLimit(burst: 32, interval: .milliseconds(50), secret: random.uint64())
    }

    /// How many messages for one half-open IKE SA may fail their integrity check: enough for what networks do to datagrams, and
    /// little work for us (RFC 8019 section 3).
    static let forgeries = RateLimit(burst: 16, interval: .seconds(1))

    func admit(_ topic: Topic, _ now: Instant, _ record: () -> LogRecord) -> LogRecord? {
        logs[topic, default: LogLimit()].admit(now, record)
    }

    /// Whether an answer that anybody could have provoked may go to this address; counts those that may not.
    func mayAnswer(_ remote: SocketAddress, _ now: Instant) -> Bool {
        if answers.take(PeerBlock(remote.address), now) { return true }
        drops.unanswered += 1
        return false
    }
}

extension Turn {
    /// Logs what a stranger caused, unless there was too much of it lately.
    func log(_ topic: Strangers.Topic, _ record: @autoclosure () -> LogRecord) {
        if let record = strangers.admit(topic, now, record) { log(record) }
    }

    /// Answers a request that belongs to no IKE SA with notifications, unless the peer got too many such answers lately.
    ///
    /// SPIs and message ID are those of the request (RFC 7296 section 1.5).
    func answerUnprotected(_ datagram: Datagram, _ header: Header, _ notifies: [Notify]) {
        let answer = Message(
            header: Header(
                initiatorSPI: header.initiatorSPI,
                responderSPI: header.responderSPI,
                exchangeType: header.exchangeType,
                flags: header.isFromInitiator ? .response : [.response, .initiator],
                messageID: header.messageID
            ),
            payloads: notifies.map { Payload(.notify($0)) }
        )
        guard strangers.mayAnswer(datagram.remote, now), let bytes = try? answer.encoded() else { return }
        let (local, remote) = (datagram.local, datagram.remote)
        traceUnprotected(.sent, answer, octets: bytes.count, local: local, remote: remote, of: nil)
        emit(.send(Datagram(local: datagram.local, remote: datagram.remote, bytes: bytes)))
    }

    /// INVALID_MAJOR_VERSION with the version that we speak (RFC 7296 section 2.5).
    func refuseVersion(_ datagram: Datagram, _ header: Header) {
        strangers.drops.malformed += 1
        log(
            .otherVersion,
            LogRecord(
                .info,
                "\(datagram.remote) speaks IKE version \(header.majorVersion).\(header.minorVersion), only 2.0 is supported",
                peer: datagram.remote
            )
        )
        guard header.majorVersion > 2, !header.isResponse else { return }
        answerUnprotected(datagram, header, [Notify(.invalidMajorVersion)])
    }
}
