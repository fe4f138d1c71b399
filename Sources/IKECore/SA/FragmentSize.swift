import IKEWire
import Inet

// How large a fragment may be (RFC 7383 sections 2.5.1 and 2.5.2). Who asks begins with the configured size and goes down while
// there is no answer; who answers goes by what the request came in. What was found holds for the IKE SA from then on.
//
//     fragment_size 1400    fragments 1, 2 of 2      no answer: some link on the way takes less, and does not say so
//                   1280    fragments 1 to 3 of 3    no answer
//                    576    fragments 1 to 6 of 6    --> answered in fragments of at most 576
//
// A message that is divided anew has more fragments than before, by which the receiver tells the sets apart.

extension IKESA {
    /// After so many unanswered repetitions a message is divided anew: all sizes are to be tried before the responder forgets a
    /// half-open SA.
    private static let fragmentPatience = 1
    /// The least sizes that RFC 7383 section 2.5.1 recommends, which every path should take, in octets of the IP packet.
    private static let sizes: [IPAddress.Family: [Int]] = [.v4: [1280, 576], .v6: [1280]]

    /// Octets of the largest IKE message that is sent in one piece; nil where the peer takes no fragments.
    func messageLimit(_ security: IKESecurity, _ turn: Turn) -> Int? {
        let mayFragment = security.allowsFragments || connection?.forcesFragments ?? false
        guard mayFragment, connection?.sendsFragments ?? true else { return nil }
        return max(packetLimit(turn) - packetOverhead, Settings.leastMessage)
    }

    /// Octets of the largest IP packet.
    private func packetLimit(_ turn: Turn) -> Int { min(turn.settings.fragmentSize, fragmentSize ?? .max) }

    /// IP header, UDP header and non-ESP marker.
    private var packetOverhead: Int { (remote.address.family == .v4 ? 20 : 40) + 12 }

    /// A fragmented request came in datagrams of at most so many octets: the answer had better not be larger.
    func noteFragment(octets: Int) {
        fragmentSize = min(fragmentSize ?? .max, max(octets, Settings.leastMessage) + packetOverhead)
    }

    /// Divides the requests that should be sent again, and have been without success, into shorter fragments.
    func divideAnew(_ turn: Turn) {
        guard let security else { return }
        for request in window.outstanding
        where !request.payloads.isEmpty && request.attempt >= Self.fragmentPatience && request.deadline <= turn.now {
            for size in Self.sizes[remote.address.family] ?? [] where size < packetLimit(turn) {
                fragmentSize = size
                let header = header(request.exchangeType, messageID: request.messageID, isResponse: false)
                let limit = messageLimit(security, turn)
                guard let datagrams = try? security.protection.seal(header, request.payloads, limit: limit),
                    datagrams.count > request.datagrams.count
                else { continue }
                log(.debug, "no answer yet; dividing the request into \(datagrams.count) fragments", turn)
                window.replace(request.messageID, with: datagrams)
                break
            }
        }
    }
}
