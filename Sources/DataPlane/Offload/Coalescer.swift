import Glibc
package import LinuxNet

/// Merges the packets that come out of tunnels into super-packets for the TUN device, so that the kernel handles some tens of
/// them at once.
///
/// Packets are added as they were opened, and stay where they are until `drain` writes them. They form bundles, each of which
/// becomes one write: a single packet, or the segments of one flow in their order. Bundles are written in the order of their
/// first packets, and a flow has one open bundle at a time, so nothing overtakes within a flow. What cannot merge passes
/// unchanged.
package struct Coalescer: ~Copyable {
    /// Packets that are held at most; then `drain`.
    package static let capacity = 1024
    /// Segments of one super-packet at most: more than the 64 KiB of a packet can have of a usual size.
    private static let mostSegments = 64
    private static let mostOctets = 65_535
    /// Flows that are looked for at a time, a power of two. One that finds its place taken begins a new bundle.
    private static let flows = 64

    /// A packet and the one that follows it in its bundle.
    private struct Member {
        var start: UnsafeMutableRawPointer
        var count: Int
        var next = none
    }

    private struct Bundle {
        let head: TransportSegment?
        let first: Int
        var last: Int
        var count = 1
        /// Octets of payload in all members.
        var payload: Int
        /// Whether the head's checksum has been found right.
        var isVerified = false
        /// The last segment asks the receiver not to wait for more.
        var isPushed: Bool
        /// Nothing may follow: the last segment was short or pushed, or is not to be merged.
        var isComplete: Bool
    }

    private static let none = -1

    /// What a drain has come to.
    package struct Outcome: Equatable {
        /// Write calls that the device has taken.
        package var writes = 0
        /// How many of them were super-packets.
        package var superPackets = 0
        /// Packets that the device did not take.
        package var refused = 0
        /// The kernel refuses super-packets as such.
        package var refusesSuperPackets = false
    }

    /// Whether anything is merged at all.
    package private(set) var merges: Bool
    private let hasVirtioHeader: Bool
    private let members = UnsafeMutablePointer<Member>.allocate(capacity: capacity)
    private var memberCount = 0
    private let bundles = UnsafeMutablePointer<Bundle>.allocate(capacity: capacity)
    private var bundleCount = 0
    /// The open bundle of each flow, by the flow's hash.
    private let open = UnsafeMutablePointer<Int>.allocate(capacity: flows)
    private var gathered = GatheredPacket(capacity: mostSegments + 1)
    private let virtioHeader = UnsafeMutableRawPointer.allocate(byteCount: VirtioHeader.length, alignment: 2)
    private let savedHeaders = UnsafeMutableRawPointer.allocate(byteCount: SuperPacket.longestHeaders, alignment: 8)

    /// - Parameter hasVirtioHeader: whether one stands before every packet; without, nothing can be merged.
    package init(merges: Bool, hasVirtioHeader: Bool = true) {
        self.hasVirtioHeader = hasVirtioHeader
        self.merges = merges
        open.initialize(repeating: Self.none, count: Self.flows)
    }

    deinit {
        members.deallocate()
        bundles.deallocate()
        open.deallocate()
        virtioHeader.deallocate()
        savedHeaders.deallocate()
    }

    /// Packets that are held.
    package var count: Int { memberCount }
    package var isEmpty: Bool { memberCount == 0 }
    package var isFull: Bool { memberCount >= Self.capacity }

    // MARK: - Packets in

    /// Takes a packet, whose memory must stay until `drain`. Only while not full.
    package mutating func add(_ packet: UnsafeMutableRawBufferPointer) {
        precondition(!isFull, "a full coalescer is drained first")
        guard let start = packet.baseAddress else { return }
        let member = memberCount
        (members + member).initialize(to: Member(start: start, count: packet.count))
        memberCount += 1
        guard merges else {
            begin(nil, member)
            return
        }
        guard let segment = TransportSegment(packet) else {
            // It may be of any flow, and nothing that comes later may go before it.
            closeFlows()
            begin(nil, member)
            return
        }
        let place = segment.flowHash & (Self.flows - 1)
        if open[place] != Self.none, append(member, segment, to: &bundles[open[place]]) { return }
        open[place] = bundleCount
        begin(segment, member)
    }

    private func closeFlows() { open.update(repeating: Self.none, count: Self.flows) }

    private mutating func begin(_ head: TransportSegment?, _ member: Int) {
        (bundles + bundleCount).initialize(
            to: Bundle(
                head: head,
                first: member,
                last: member,
                payload: head?.payload ?? 0,
                isPushed: head?.isPushed ?? false,
                isComplete: head.map { !$0.isMergeable || $0.isPushed } ?? true
            )
        )
        bundleCount += 1
    }

    private func append(_ member: Int, _ segment: TransportSegment, to bundle: inout Bundle) -> Bool {
        guard !bundle.isComplete, let head = bundle.head, segment.isMergeable, bundle.count < Self.mostSegments,
            segment.payload <= head.payload, head.headers.length <= SuperPacket.longestHeaders,
            head.headers.length + bundle.payload + segment.payload <= Self.mostOctets,
            segment.isOfFlow(head), segment.hasHeaders(of: head, number: bundle.count),
            !segment.headers.isTCP || segment.sequence == head.sequence &+ UInt32(truncatingIfNeeded: bundle.payload),
            bundle.isVerified || head.hasValidChecksum, segment.hasValidChecksum
        else { return false }
        bundle.isVerified = true
        bundle.payload += segment.payload
        bundle.count += 1
        bundle.isPushed = segment.isPushed
        bundle.isComplete = segment.payload < head.payload || segment.isPushed
        members[bundle.last].next = member
        bundle.last = member
        return true
    }

    // MARK: - Super-packets out

    /// Writes everything, and forgets it. `write` gives a packet to the device, its virtio header first, and returns 0 or what
    /// errno says.
    package mutating func drain(_ write: (borrowing GatheredPacket) -> Int32) -> Outcome {
        var outcome = Outcome()
        for index in 0..<bundleCount {
            let bundle = bundles[index]
            if let head = bundle.head, bundle.count > 1, !outcome.refusesSuperPackets {
                let code = writeMerged(bundle, head, write)
                if code == 0 {
                    outcome.writes += 1
                    outcome.superPackets += 1
                    continue
                }
                outcome.refusesSuperPackets = code == EINVAL || code == EIO || code == EOPNOTSUPP
                if !outcome.refusesSuperPackets {
                    outcome.refused += bundle.count
                    continue
                }
            }
            writeSingly(bundle, write, &outcome)
        }
        if outcome.refusesSuperPackets { merges = false }
        memberCount = 0
        bundleCount = 0
        closeFlows()
        return outcome
    }

    /// The head with its payload, and the payloads of the others.
    private mutating func writeMerged(
        _ bundle: Bundle,
        _ head: TransportSegment,
        _ write: (borrowing GatheredPacket) -> Int32
    ) -> Int32 {
        savedHeaders.copyMemory(from: head.packet, byteCount: head.headers.length)
        head.becomeSuperPacket(payload: bundle.payload, isPushed: bundle.isPushed)
        head.virtioHeader.store(to: virtioHeader)
        begin(with: head.packet, head.length)
        var member = members[bundle.first].next
        while member != Self.none {
            let (start, count) = (members[member].start, members[member].count)
            gathered.append(start + head.headers.length, count - head.headers.length)
            member = members[member].next
        }
        let code = write(gathered)
        // The packets may have to be written one by one now.
        if code != 0 { head.packet.copyMemory(from: savedHeaders, byteCount: head.headers.length) }
        return code
    }

    /// The virtio header, and a packet or the beginning of one.
    private mutating func begin(with start: UnsafeRawPointer, _ count: Int) {
        gathered.removeAll()
        if hasVirtioHeader { gathered.append(virtioHeader, VirtioHeader.length) }
        gathered.append(start, count)
    }

    private mutating func writeSingly(
        _ bundle: Bundle,
        _ write: (borrowing GatheredPacket) -> Int32,
        _ outcome: inout Outcome
    ) {
        VirtioHeader().store(to: virtioHeader)
        var member = bundle.first
        while member != Self.none {
            begin(with: members[member].start, members[member].count)
            if write(gathered) == 0 { outcome.writes += 1 } else { outcome.refused += 1 }
            member = members[member].next
        }
    }
}

extension TransportSegment {
    /// Of the super-packet that this segment is the head of.
    fileprivate var virtioHeader: VirtioHeader {
        VirtioHeader(
            needsChecksum: true,
            segmentation: headers.isTCP ? (headers.isIPv6 ? .tcpV6 : .tcpV4) : .udp,
            headerLength: UInt16(truncatingIfNeeded: headers.length),
            segmentSize: UInt16(truncatingIfNeeded: payload),
            checksumStart: UInt16(truncatingIfNeeded: headers.ipLength),
            checksumOffset: UInt16(truncatingIfNeeded: headers.checksumOffset - headers.ipLength)
        )
    }

    /// Rewrites the headers for `payload` octets in all; the checksum field gets the sum over the pseudo-header, which
    /// the kernel goes on from.
    fileprivate func becomeSuperPacket(payload: Int, isPushed: Bool) {
        headers.writeLengths(to: packet, payload: payload)
        if !headers.isIPv6 { Checksum.write(to: packet, headers.ipLength, at: 10) }
        if headers.isTCP, isPushed {
            let flags = packet.load(fromByteOffset: headers.ipLength + 13, as: UInt8.self)
            packet.storeBytes(of: flags | TCPFlags.push, toByteOffset: headers.ipLength + 13, as: UInt8.self)
        }
        packet.storeBig(Checksum.folded(headers.pseudoHeader(packet, payload: payload)), at: headers.checksumOffset)
    }
}
