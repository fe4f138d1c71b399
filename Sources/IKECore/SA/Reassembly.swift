import IKEWire

/// The messages of one direction of an IKE SA that are being put together from fragments (RFC 7383 section 2.6).
///
/// Fragments are opened before they are stored, so that nobody but the peer can fill or spoil the queue.
struct FragmentQueue {
    /// More messages than this are not put together at a time: the oldest is forgotten, and comes again.
    static let mostMessages = 4

    private var messages: [UInt32: Reassembly] = [:]

    /// Whether a fragment can add anything; checked before the effort of opening it.
    func wants(_ fragment: EncryptedFragment, of messageID: UInt32) -> Bool {
        (messages[messageID] ?? Reassembly()).wants(fragment)
    }

    /// Stores an opened fragment, which came in a datagram of `octets`; returns the message when it was the last one missing.
    mutating func add(
        _ fragment: EncryptedFragment,
        _ part: [UInt8],
        octets: Int,
        of messageID: UInt32
    ) -> Reassembly.Whole? {
        let whole = messages[messageID, default: Reassembly()].add(fragment, part, octets: octets)
        if whole != nil { messages[messageID] = nil }
        if messages.count > Self.mostMessages, let oldest = messages.keys.min() { messages[oldest] = nil }
        return whole
    }
}

/// Puts one message of bounded size together from its fragments.
struct Reassembly {
    /// More fragments than any message needs that is not an attack.
    static let mostFragments = 64
    /// Octets of a whole message; the largest certificate chains take a third of it.
    static let mostOctets = 32 * 1024

    /// A message, and the octets of the largest datagram that a part of it came in.
    struct Whole {
        let first: PayloadType
        let inner: [UInt8]
        let largest: Int
    }

    private var total: UInt16 = 0
    private var firstPayload = PayloadType.none
    private var parts: [UInt16: [UInt8]] = [:]
    private var octets = 0
    private var largest = 0

    /// Whether a fragment can add anything.
    func wants(_ fragment: EncryptedFragment) -> Bool {
        guard fragment.number >= 1, fragment.number <= fragment.total, fragment.total <= Self.mostFragments else {
            return false
        }
        return fragment.total > total || fragment.total == total && parts[fragment.number] == nil
    }

    /// Stores an opened fragment; returns the message when it was the last one missing.
    ///
    /// A larger total than before means that the sender has divided the message anew for a narrower path.
    mutating func add(_ fragment: EncryptedFragment, _ part: [UInt8], octets size: Int) -> Whole? {
        if fragment.total > total {
            self = Reassembly()
            total = fragment.total
        }
        octets += part.count
        guard octets <= Self.mostOctets else {
            self = Reassembly()
            return nil
        }
        largest = max(largest, size)
        if fragment.number == 1 { firstPayload = fragment.firstPayload }
        parts[fragment.number] = part
        guard parts.count == Int(total) else { return nil }
        let whole = Whole(
            first: firstPayload,
            inner: (1...total).flatMap { parts[$0] ?? [] },
            largest: largest
        )
        self = Reassembly()
        return whole
    }
}
