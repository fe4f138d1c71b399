package import IKECrypto
package import IKEWire

/// The sending half of a CHILD SA: turns inner packets into ESP packets for one SPI of the peer (RFC 4303 section 3.3).
///
/// It belongs to one thread at a time. Its state changes only inside a call and no call leads back into it, so the
/// state is exempt from the run-time check for overlapping access, which costs more than most of the changes.
package final class OutboundSA {
    /// What has been sealed.
    package struct Counters: Hashable, Sendable {
        /// Inner packets; dummy packets are not counted.
        package internal(set) var packets: UInt64 = 0
        /// Octets of these packets, without padding and ESP.
        package internal(set) var octets: UInt64 = 0
    }

    /// The number that the peer knows the SA by.
    package let spi: ESPSPI
    /// How outer headers follow the inner ones. The caller, who writes or requests the outer header, asks it.
    package let headerPolicy: TunnelHeaderPolicy
    /// Inner packets shorter than this are filled up with traffic flow confidentiality padding (RFC 4303 section 2.7),
    /// so that lengths below it are not told apart; 0 for none.
    @exclusivity(unchecked) package var minimumInnerLength = 0
    @exclusivity(unchecked) package private(set) var counters = Counters()

    @exclusivity(unchecked) private var sequenceCounter: SequenceCounter
    private let protection: PacketProtection

    /// - Parameters:
    ///   - lastSequence: The last sequence number that was used with these keys; 0 for a new SA.
    ///
    /// Throws what `PacketCipher` throws for keys that do not fit the suite.
    package init(
        spi: ESPSPI,
        suite: CipherSuite,
        keys: CipherKeys,
        sequenceNumbers: SequenceNumbers,
        headerPolicy: TunnelHeaderPolicy = TunnelHeaderPolicy(),
        lastSequence: UInt64 = 0
    ) throws(CryptoError) {
        protection = try PacketProtection(
            suite: suite,
            keys: keys,
            sequenceNumbers: sequenceNumbers,
            direction: .seal
        )
        self.spi = spi
        self.headerPolicy = headerPolicy
        sequenceCounter = SequenceCounter(isExtended: sequenceNumbers == .extended, last: lastSequence)
    }

    /// The lengths of this SA's packets.
    package var layout: PacketLayout { protection.layout }
    /// The sequence number of the last packet; 0 before the first.
    package var lastSequence: UInt64 { sequenceCounter.last }
    /// The length of the ESP packet around an inner packet of this length, with the padding that it gets.
    package func sealedLength(inner: Int) -> Int { layout.sealedLength(inner: max(inner, minimumInnerLength)) }
    /// How many packets can still be sealed before the SA must have been replaced.
    package var remainingPackets: UInt64 { sequenceCounter.remaining }
}

// MARK: - Sealing

extension OutboundSA {
    /// Writes the ESP packet around an inner packet to the beginning of `output` and returns its length.
    ///
    /// The inner packet is the first `innerLength` octets of `source`. One cipher pass reads them there and writes
    /// their ciphertext into `output`. For this the trailer must stand behind them: it is written into the octets of
    /// `source` that follow, which are put back afterwards, so that they may belong to the next segment of a large
    /// packet. Where fewer than `PacketLayout.trailerRoom` octets follow, or where traffic flow confidentiality
    /// padding is added, the packet is copied first and encrypted in place. `source` and `output` must not be of the
    /// same memory.
    ///
    /// Throws `malformedInner` for what is neither IPv4 nor IPv6 by its version, is empty or ends beyond `source`;
    /// `outputTooSmall`; `sequenceExhausted`. A failed call sends nothing and uses up no sequence number, except where
    /// the cipher itself fails.
    package func seal(
        _ source: inout MutableRawSpan,
        innerLength: Int,
        into output: inout MutableRawSpan
    ) throws(ESPError) -> Int {
        guard innerLength > 0, innerLength <= min(source.byteCount, PacketLayout.maximumInnerLength),
            let nextHeader = NextHeader(version: source.bytes.octet(0) >> 4)
        else {
            throw .malformedInner
        }
        let payloadLength = max(innerLength, min(minimumInnerLength, PacketLayout.maximumInnerLength))
        let length = try source.withUnsafeMutableBytes { (source) throws(ESPError) in
            try output.withUnsafeMutableBytes { (output) throws(ESPError) in
                try seal(source, innerLength, payloadLength: payloadLength, nextHeader, into: output)
            }
        }
        counters.packets &+= 1
        counters.octets &+= UInt64(innerLength)
        return length
    }

    /// Writes a packet that carries nothing and returns its length; the peer discards it without a word (RFC 4303
    /// section 2.6). It looks like one around an inner packet of `payloadLength` octets, or of `minimumInnerLength`.
    package func sealDummy(payloadLength: Int, into output: inout MutableRawSpan) throws(ESPError) -> Int {
        let payloadLength = min(max(payloadLength, minimumInnerLength, 0), PacketLayout.maximumInnerLength)
        return try output.withUnsafeMutableBytes { (output) throws(ESPError) in
            let nothing = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return try seal(nothing, 0, payloadLength: payloadLength, .dummy, into: output)
        }
    }

    /// `innerLength` octets of `source`, filled up with zeros to `payloadLength`, as a packet in `output`.
    private func seal(
        _ source: UnsafeMutableRawBufferPointer,
        _ innerLength: Int,
        payloadLength: Int,
        _ nextHeader: NextHeader,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ESPError) -> Int {
        let layout = protection.layout
        let trailerLength = layout.paddingLength(payload: payloadLength) + PacketLayout.trailerLength
        let encryptedLength = payloadLength + trailerLength
        let totalLength = layout.payloadOffset + encryptedLength + layout.icvLength
        guard let packet = output.baseAddress, totalLength <= output.count else { throw .outputTooSmall }
        guard let sequence = sequenceCounter.next() else { throw .sequenceExhausted }

        packet.storeBytes(of: spi.rawValue.bigEndian, as: UInt32.self)
        packet.storeBytes(of: UInt32(truncatingIfNeeded: sequence).bigEndian, toByteOffset: 4, as: UInt32.self)
        try protection.writeIV(sequence: sequence, to: packet + PacketLayout.headerLength)

        if let inner = source.baseAddress, payloadLength == innerLength,
            source.count - innerLength >= PacketLayout.trailerRoom
        {
            let trailer = inner + innerLength
            // As many octets as a trailer can have, in a register: quicker than just those that it has.
            let displaced = trailer.loadUnaligned(as: PacketLayout.TrailerRoom.self)
            defer { trailer.storeBytes(of: displaced, as: PacketLayout.TrailerRoom.self) }
            writeTrailer(trailer, trailerLength, nextHeader)
            try protection.seal(packet, sequence: sequence, plaintext: inner, count: encryptedLength)
        } else {
            let payload = packet + layout.payloadOffset
            if let inner = source.baseAddress { payload.copyMemory(from: inner, byteCount: innerLength) }
            let fill = UnsafeMutableRawBufferPointer(start: payload + innerLength, count: payloadLength - innerLength)
            fill.initializeMemory(as: UInt8.self, repeating: 0)
            writeTrailer(payload + payloadLength, trailerLength, nextHeader)
            try protection.seal(packet, sequence: sequence, plaintext: payload, count: encryptedLength)
        }
        return totalLength
    }

    /// Padding 1, 2, 3 ..., its length and the next header, `length` octets (RFC 4303 sections 2.4 to 2.6).
    @inline(__always)
    private func writeTrailer(_ trailer: UnsafeMutableRawPointer, _ length: Int, _ nextHeader: NextHeader) {
        let padding = length - PacketLayout.trailerLength
        for index in 0..<padding {
            trailer.storeBytes(of: UInt8(truncatingIfNeeded: index + 1), toByteOffset: index, as: UInt8.self)
        }
        trailer.storeBytes(of: UInt8(truncatingIfNeeded: padding), toByteOffset: padding, as: UInt8.self)
        trailer.storeBytes(of: nextHeader.rawValue, toByteOffset: padding + 1, as: UInt8.self)
    }
}
