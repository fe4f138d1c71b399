package import IKECrypto
package import IKEWire
import Inet

/// The receiving half of a CHILD SA: opens the ESP packets that carry one SPI of ours (RFC 4303 section 3.4).
///
/// It belongs to one thread at a time. Its state changes only inside a call and no call leads back into it, so the
/// state is exempt from the run-time check for overlapping access, which costs more than most of the changes.
package final class InboundSA {
    /// The number that we chose for the SA.
    package let spi: ESPSPI
    /// How inner headers follow the outer ones.
    package let headerPolicy: TunnelHeaderPolicy
    @exclusivity(unchecked) package private(set) var counters = InboundCounters()

    private let selectors: SelectorSet
    private let isExtended: Bool
    @exclusivity(unchecked) private var window: ReplayWindow
    private let protection: PacketProtection

    /// - Parameters:
    ///   - window: A new one, or one that refuses what has been received before.
    ///   - selectors: Sources are those of the peer, destinations our own.
    ///
    /// Throws what `PacketCipher` throws for keys that do not fit the suite.
    package init(
        spi: ESPSPI,
        suite: CipherSuite,
        keys: CipherKeys,
        sequenceNumbers: SequenceNumbers,
        window: ReplayWindow,
        selectors: SelectorSet,
        headerPolicy: TunnelHeaderPolicy = TunnelHeaderPolicy()
    ) throws(CryptoError) {
        protection = try PacketProtection(
            suite: suite,
            keys: keys,
            sequenceNumbers: sequenceNumbers,
            direction: .open
        )
        self.spi = spi
        self.headerPolicy = headerPolicy
        self.selectors = selectors
        self.window = window
        isExtended = sequenceNumbers == .extended
    }

    /// The lengths of this SA's packets.
    package var layout: PacketLayout { protection.layout }
    /// The highest sequence number received so far.
    package var highestSequence: UInt64 { window.highest }
}

// MARK: - Opening

extension InboundSA {
    /// Opens a packet in place and returns where its inner packet stands, without padding of any kind; nil for a dummy
    /// packet, which is no fault.
    ///
    /// - Parameters:
    ///   - packet: From the SPI to the last octet of the ICV.
    ///   - outer: The traffic class of the outer header; nil if it is not known, then the inner one stays as it is.
    ///
    /// The checks come in this order: length, replay window, integrity, then (the number being used up) padding, next
    /// header, inner lengths, selectors, congestion. The error says which one failed, and is counted. After an
    /// error the content of the packet is of no use, save that after `selectorMismatch` the inner packet stands where
    /// `layout` says.
    package func open(_ packet: inout MutableRawSpan, outer: TrafficClass? = nil) throws(ESPError) -> Range<Int>? {
        do throws(ESPError) {
            guard let payload = try decrypt(&packet) else {
                counters.dummies &+= 1
                return nil
            }
            let inner = try check(payload, of: &packet, outer: outer)
            counters.packets &+= 1
            counters.octets &+= UInt64(inner.count)
            return inner
        } catch {
            counters.count(error)
            throw error
        }
    }

    /// The payload of a packet and the version of its content; nil for a dummy packet.
    private func decrypt(_ packet: inout MutableRawSpan) throws(ESPError) -> (
        range: Range<Int>, nextHeader: NextHeader
    )? {
        let layout = protection.layout
        guard let encryptedLength = layout.ciphertextLength(packet: packet.byteCount) else { throw .malformedLength }

        let sequence = try sequence(low: packet.bytes.bigEndian32(4))
        switch window.check(sequence) {
        case .acceptable: break
        case .duplicate: throw .duplicate
        case .tooOld: throw .tooOld
        }
        try packet.withUnsafeMutableBytes { (packet) throws(ESPError) in
            guard let base = packet.baseAddress else { throw .malformedLength }
            try protection.open(base, sequence: sequence, count: encryptedLength)
        }
        guard window.commit(sequence) else { throw .duplicate }

        let payload = layout.payloadOffset..<(layout.payloadOffset + encryptedLength - PacketLayout.trailerLength)
        return try removePadding(payload, of: packet.bytes)
    }

    /// The whole of a sequence number of which the packet has the low half.
    private func sequence(low: UInt32) throws(ESPError) -> UInt64 {
        guard isExtended else { return UInt64(low) }
        guard let sequence = window.extendedSequence(low: low) else { throw .tooOld }
        return sequence
    }

    /// The payload without its padding; `payload` ends where the pad length stands (RFC 4303 sections 2.4 to 2.6).
    private func removePadding(
        _ payload: Range<Int>,
        of packet: RawSpan
    ) throws(ESPError) -> (range: Range<Int>, nextHeader: NextHeader)? {
        let padding = Int(packet.octet(payload.upperBound))
        guard padding <= payload.count else { throw .invalidPadding }
        let end = payload.upperBound - padding
        for index in 0..<padding where packet.octet(end + index) != UInt8(truncatingIfNeeded: index + 1) {
            throw .invalidPadding
        }
        let number = packet.octet(payload.upperBound + 1)
        guard let nextHeader = NextHeader(rawValue: number) else { throw .unsupportedNextHeader(number) }
        return nextHeader == .dummy ? nil : (payload.lowerBound..<end, nextHeader)
    }

    /// Where the inner packet stands, if the SA may carry it; its congestion mark is brought up to date.
    private func check(
        _ payload: (range: Range<Int>, nextHeader: NextHeader),
        of packet: inout MutableRawSpan,
        outer: TrafficClass?
    ) throws(ESPError) -> Range<Int> {
        guard let inner = InnerPacket(parsing: packet.bytes.extracting(payload.range)),
            payload.nextHeader == NextHeader(inner.family)
        else {
            throw .malformedInner
        }
        guard selectors.admits(inner) else { throw .selectorMismatch }
        let start = payload.range.lowerBound
        // Equal ones stay as they are by any policy, which most are.
        if let outer, outer.rawValue != inner.trafficClass.rawValue {
            switch headerPolicy.decapsulated(inner: inner.trafficClass, outer: outer) {
            case .forward(let trafficClass, let isUnexpected):
                if isUnexpected { counters.unexpectedMarks &+= 1 }
                inner.replaceTrafficClass(by: trafficClass, in: &packet, at: start)
            case .drop:
                throw .congestionLoss
            }
        }
        return start..<(start + inner.totalLength)
    }
}
