package import IKECrypto

// ESP in user space
// =================
//
// This target turns inner IP packets into ESP packets and back (RFC 4303, tunnel mode of RFC 4301). It opens no socket,
// reads no clock and starts no thread: whoever owns the buffers calls `seal` and `open` and carries the octets.
//
//      inner packet ──> OutboundSA.seal ──> ESP packet ··· network ··· ESP packet ──> InboundSA.open ──> inner packet
//                        SequenceCounter                                ReplayWindow
//                                                                       SelectorSet
//
//      0                   1                   2                   3
//      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//     ┌───────────────────────────────────────────────────────────────┐ ┐ ┐
//     │ SPI                                                           │ │ │ headerLength
//     │ sequence number, the low half                                 │ │ ┘
//     ├───────────────────────────────────────────────────────────────┤ │
//     │ IV, 8 or 16 octets; none where it is implicit                 │ │ authenticated
//     ├───────────────────────────────────────────────────────────────┤ │ ┐
//     │ inner packet                                                  │ │ │
//     │           ┌───────────────────────────────────────────────────┤ │ │ encrypted: a multiple
//     │           │ traffic flow confidentiality padding, any octets  │ │ │ of `alignment`
//     │           ├───────────────────────────────┬───────────────────┤ │ │
//     │           │ padding 1, 2, 3 ...           │ pad len │ next hd │ ┘ ┘
//     ├───────────┴───────────────────────────────┴─────────┴─────────┤
//     │ ICV, 8 to 32 octets                                           │
//     └───────────────────────────────────────────────────────────────┘
//
// Which octets are authenticated depends on the suite. An AEAD takes SPI and sequence number as associated data, with
// the high half of an extended sequence number between them (RFC 4106 section 5); the IV is part of the nonce. A cipher
// with a separate integrity algorithm authenticates the packet as it stands, followed by the high half, which is not
// transmitted (RFC 4303 section 2.2.1).
//
// Costs. This target allocates nothing for a packet, be it good or bad: the cipher contexts, a few octets for the
// associated data and the bits of the replay window are made with the SA, and errors are plain values. (Within
// libcrypto 3.0 HMAC allocates twice for each packet, and CCM for a forged one; the other algorithms do not.) Payload
// is touched once: sealing encrypts from the inner packet's buffer into the outgoing one, opening decrypts in place.
//
// Memory. Spans come in and a range goes out. What is read of a packet is read through the span, which checks its
// bounds again. Addresses are taken where libcrypto needs them, in `PacketProtection` and in the last step of sealing,
// after the lengths have been compared with those of the spans.
//
// Not here, and why. Transport mode: a TUN device yields whole packets. Stateful checking of fragments (RFC 4301
// section 7.3): it is optional and never negotiated, so later fragments pass only where the selectors name no ports.
// The search for a lost high half after 2^32 lost packets (RFC 4303 appendix A3): liveness checks end such an SA long
// before.
//
// `Inner` reads IP headers, `Inbound` and `Outbound` are the two directions, `Tunnel` is what inner and outer header
// have to do with each other, and this file knows the lengths.

/// Where the parts of an ESP packet stand and how long they are, for one cipher suite. All lengths are in octets.
package struct PacketLayout: Hashable, Sendable {
    /// SPI and sequence number.
    package static let headerLength = 8
    /// Pad length and next header, which always end the encrypted part.
    package static let trailerLength = 2
    /// The longest packet that IPv4 can express; IPv6 packets beyond it by up to 40 octets do not occur on real links.
    package static let maximumInnerLength = 65_535

    /// What every packet carries between header and ciphertext.
    package let ivLength: Int
    /// What ends every packet.
    package let icvLength: Int
    /// What the length of the ciphertext is a multiple of: the cipher's block, and at least 4, so that the ICV is
    /// aligned (RFC 4303 section 2.4).
    package let alignment: Int

    package init(_ suite: CipherSuite) {
        ivLength = suite.sentIVLength
        icvLength = suite.icvLength
        alignment = max(4, suite.blockLength)
    }

    /// Where the inner packet begins.
    package var payloadOffset: Int { Self.headerLength + ivLength }

    /// How many octets of room behind an inner packet spare a copy: more than the longest padding, pad length and next header.
    package static let trailerRoom = MemoryLayout<TrailerRoom>.size
    typealias TrailerRoom = SIMD32<UInt8>

    /// What is added to every packet, apart from padding.
    var fixedLength: Int { payloadOffset + Self.trailerLength + icvLength }
}

// MARK: - From the inner packet to the ESP packet

extension PacketLayout {
    /// The padding behind a payload of this length: the least that aligns the trailer.
    func paddingLength(payload: Int) -> Int {
        // Alignments are powers of two; the low bits of the negative are what is missing to the next multiple.
        (0 &- payload &- Self.trailerLength) & (alignment - 1)
    }

    /// The length of the ESP packet around an inner packet of this length (0...65535) without traffic flow
    /// confidentiality padding.
    package func sealedLength(inner: Int) -> Int {
        inner &+ paddingLength(payload: inner) &+ fixedLength
    }
}

// MARK: - From the ESP packet to the inner packet

extension PacketLayout {
    /// The longest inner packet whose ESP packet is not longer than `length`; nil if not even an empty one fits.
    ///
    /// The inverse of `sealedLength`, for computing an MTU.
    package func maximumInnerLength(forESPLength length: Int) -> Int? {
        guard length >= fixedLength + paddingLength(payload: 0) else { return nil }
        let encrypted = (length - payloadOffset - icvLength) & ~(alignment - 1)
        return encrypted - Self.trailerLength
    }

    /// The length of the encrypted part of a packet of `count` octets; nil if no packet of this suite is that long.
    func ciphertextLength(packet count: Int) -> Int? {
        guard count >= payloadOffset + icvLength + alignment else { return nil }
        let ciphertext = count - payloadOffset - icvLength
        return ciphertext & (alignment - 1) == 0 ? ciphertext : nil
    }
}
