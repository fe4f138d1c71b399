/// Why a packet was not sealed or not opened. A plain value without references: throwing it allocates nothing.
package enum ESPError: Error, Hashable, Sendable {
    // MARK: Sealing

    /// The SA has used its last sequence number; it must be replaced (RFC 4303 section 3.3.3).
    case sequenceExhausted
    /// The output has less room than `sealedLength` says.
    case outputTooSmall

    // MARK: Opening, in the order of the checks

    /// No packet of this suite has that length.
    case malformedLength
    /// The sequence number has been seen.
    case duplicate
    /// The sequence number is left of the replay window, or none at all.
    case tooOld
    /// The integrity check value is wrong.
    case authenticationFailed
    /// The padding is longer than the payload or not 1, 2, 3 ... (RFC 4303 section 2.4).
    case invalidPadding
    /// Tunnel mode carries IPv4, IPv6 and dummy packets, and this is another next header.
    case unsupportedNextHeader(UInt8)
    /// The addresses, protocol or ports are not those of the SA (RFC 4301 section 5.2).
    case selectorMismatch
    /// The network marked congestion on a packet whose transport cannot be told of it (RFC 6040 section 4.2).
    case congestionLoss

    // MARK: Both

    /// The inner packet is not the IP packet it claims to be.
    case malformedInner
    /// The crypto library failed; not the packet's fault.
    case cipherFailure
}
