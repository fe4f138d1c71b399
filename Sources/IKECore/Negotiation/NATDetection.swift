import IKECrypto
import IKEWire
import Inet

/// Which end sits behind a NAT (RFC 7296 section 2.23).
package struct NATStatus: Hashable, Sendable {
    /// Both ends know NAT traversal.
    package var isSupported = false
    package var isLocalBehindNAT = false
    package var isRemoteBehindNAT = false
    /// UDP encapsulation was asked for by configuration.
    package var isForced = false

    package var usesEncapsulation: Bool { isLocalBehindNAT || isRemoteBehindNAT || isForced }
}

/// The hashes by which two peers find out that an address was changed between them.
enum NATDetection {
    /// SHA-1 over the SPIs as in the header, the address and the port (RFC 7296 section 2.23); nil where the library
    /// is configured to refuse SHA-1, and then NATs go unnoticed.
    static func hash(spiI: IKESPI, spiR: IKESPI, _ address: SocketAddress) -> [UInt8]? {
        try? Digest.sha1(spiI.bytes, spiR.bytes, address.address.bytes, address.port.bigEndianBytes)
    }

    /// The two notifies of a message that goes from `local` to `remote`.
    ///
    /// Forcing encapsulation sends a source hash that matches no address, so that the peer takes us to be behind a NAT.
    static func notifies(
        spiI: IKESPI,
        spiR: IKESPI,
        local: SocketAddress,
        remote: SocketAddress,
        forcing: Bool,
        random: any RandomSource
    ) -> [Payload] {
        guard let source = forcing ? random.bytes(20) : hash(spiI: spiI, spiR: spiR, local),
            let destination = hash(spiI: spiI, spiR: spiR, remote)
        else { return [] }
        return [
            Payload(.notify(Notify(.natDetectionSourceIP, data: source))),
            Payload(.notify(Notify(.natDetectionDestinationIP, data: destination))),
        ]
    }

    /// What the notifies of a received message tell; a peer that sends none knows no NAT traversal.
    static func evaluate(
        _ payloads: [Payload],
        spiI: IKESPI,
        spiR: IKESPI,
        local: SocketAddress,
        remote: SocketAddress,
        forcing: Bool
    ) -> NATStatus {
        let sources = payloads.notifies.filter { $0.type == .natDetectionSourceIP }
        let destinations = payloads.notifies.filter { $0.type == .natDetectionDestinationIP }
        guard !sources.isEmpty, !destinations.isEmpty,
            let remoteHash = hash(spiI: spiI, spiR: spiR, remote),
            let localHash = hash(spiI: spiI, spiR: spiR, local)
        else { return NATStatus() }
        return NATStatus(
            isSupported: true,
            isLocalBehindNAT: !destinations.contains { $0.data == localHash },
            isRemoteBehindNAT: !sources.contains { $0.data == remoteHash },
            isForced: forcing
        )
    }
}

extension IKESPI {
    /// The eight octets in network order.
    var bytes: [UInt8] { rawValue.bigEndianBytes }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The octets in network order.
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
