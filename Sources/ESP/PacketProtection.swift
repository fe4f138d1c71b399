package import IKECrypto
package import IKEWire

/// The cipher of one direction, fed as ESP wants it: which octets of the packet, and which beside it, are
/// authenticated.
///
/// Both directions of an SA are built on it. It writes and reads no sequence numbers of its own and keeps no account of
/// them; that is what `OutboundSA` and `InboundSA` are for.
package struct PacketProtection: ~Copyable {
    package let layout: PacketLayout
    private let cipher: PacketCipher
    private let isExtended: Bool
    private let isAEAD: Bool
    private let usesImplicitIV: Bool

    /// Throws what `PacketCipher` throws for keys that do not fit the suite.
    package init(
        suite: CipherSuite,
        keys: CipherKeys,
        sequenceNumbers: SequenceNumbers,
        direction: PacketCipher.Direction
    ) throws(CryptoError) {
        cipher = try PacketCipher(suite, keys: keys, direction: direction)
        layout = PacketLayout(suite)
        isExtended = sequenceNumbers == .extended
        isAEAD = suite.isAEAD
        usesImplicitIV = suite.usesImplicitIV
    }
}

// MARK: - Sealing

extension PacketProtection {
    /// Writes the IV for a sequence number, which must not have been used before, if packets carry one.
    func writeIV(sequence: UInt64, to iv: UnsafeMutableRawPointer) throws(ESPError) {
        guard !usesImplicitIV else { return }
        do throws(CryptoError) {
            try cipher.makeIV(counter: sequence, to: iv)
        } catch {
            throw ESPError(error)
        }
    }

    /// Encrypts `count` octets of payload and trailer from `plaintext` into the packet and appends the ICV.
    ///
    /// `packet` begins with SPI, the low half of `sequence` and the IV if it is sent, and has room for `layout.payloadOffset + count
    /// + layout.icvLength` octets; `count` is a multiple of `layout.alignment`. `plaintext` may be the payload's place
    /// in the packet itself and must not overlap with it otherwise.
    package func seal(
        _ packet: UnsafeMutableRawPointer,
        sequence: UInt64,
        plaintext: UnsafeRawPointer,
        count: Int
    ) throws(ESPError) {
        let payload = packet + layout.payloadOffset
        do throws(CryptoError) {
            try ExtendedHeader(packet, sequence).withUnsafeBytes { (header) throws(CryptoError) in
                try cipher.seal(
                    iv: iv(of: packet, header),
                    aad: associatedData(packet, header),
                    trailer: implicitTrailer(header),
                    input: plaintext,
                    output: payload,
                    count: count,
                    icv: payload + count
                )
            }
        } catch {
            throw ESPError(error)
        }
    }
}

// MARK: - Opening

extension PacketProtection {
    /// Verifies a packet and decrypts its `count` octets of payload and trailer in place.
    ///
    /// `packet` has `layout.payloadOffset + count + layout.icvLength` octets, and `sequence` is the whole of the number
    /// of which it carries the low half. After an error its content is of no use.
    package func open(_ packet: UnsafeMutableRawPointer, sequence: UInt64, count: Int) throws(ESPError) {
        let payload = packet + layout.payloadOffset
        do throws(CryptoError) {
            try ExtendedHeader(packet, sequence).withUnsafeBytes { (header) throws(CryptoError) in
                try cipher.open(
                    iv: iv(of: packet, header),
                    aad: associatedData(packet, header),
                    trailer: implicitTrailer(header),
                    input: payload,
                    output: payload,
                    count: count,
                    icv: payload + count
                )
            }
        } catch {
            throw ESPError(error)
        }
    }
}

// MARK: - Octets that are authenticated beside the ciphertext

/// A header with the whole of a sequence number, in network order: the associated data of an AEAD with extended ones. The high
/// half by itself is what other suites authenticate behind the packet, and both halves are an implicit IV (RFC 8750 section 4).
private struct ExtendedHeader {
    private let spi: UInt32
    private let high: UInt32
    private let low: UInt32

    static let highHalfOffset = 4

    @inline(__always)
    init(_ packet: UnsafeRawPointer, _ sequence: UInt64) {
        spi = packet.loadUnaligned(as: UInt32.self)
        high = UInt32(truncatingIfNeeded: sequence >> 32).bigEndian
        low = UInt32(truncatingIfNeeded: sequence).bigEndian
    }

    /// Lends the octets, which stand on the stack.
    @inline(__always)
    func withUnsafeBytes(_ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Void) throws(CryptoError) {
        try Swift.withUnsafeBytes(of: self, body)
    }
}

extension PacketProtection {
    /// What precedes the IV: the header as it stands, or with all of an extended sequence number where an AEAD has no
    /// other place for the high half (RFC 4106 and 4309 section 5, RFC 7634 section 2.1).
    @inline(__always)
    private func associatedData(
        _ packet: UnsafeRawPointer,
        _ header: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        guard isExtended, isAEAD else {
            return UnsafeRawBufferPointer(start: packet, count: PacketLayout.headerLength)
        }
        return header
    }

    /// The IV of a packet: what stands behind its header, or the whole of its sequence number with zeros for a high half that
    /// there is not (RFC 8750 section 4).
    @inline(__always)
    private func iv(of packet: UnsafeRawPointer, _ header: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        guard usesImplicitIV, let base = header.baseAddress else { return packet + PacketLayout.headerLength }
        return base + ExtendedHeader.highHalfOffset
    }

    /// What follows the ciphertext without being sent: the high half, for a separate integrity algorithm (RFC 4303
    /// section 3.3.2.1).
    @inline(__always)
    private func implicitTrailer(_ header: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard isExtended, !isAEAD, let base = header.baseAddress else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: base + ExtendedHeader.highHalfOffset, count: 4)
    }
}

extension ESPError {
    /// What a packet's failure in the cipher means here.
    fileprivate init(_ error: CryptoError) {
        self = error == .authenticationFailed ? .authenticationFailed : .cipherFailure
    }
}
