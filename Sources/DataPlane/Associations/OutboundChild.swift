package import ESP
package import IKECrypto
package import IKEWire
import Inet

/// What an outbound SA is made of.
package struct OutboundParameters: Sendable {
    package var child: ChildID
    /// The peer's.
    package var spi: ESPSPI
    package var suite: CipherSuite
    package var keys: CipherKeys
    package var sequenceNumbers: SequenceNumbers
    /// The selectors of our side, which sources of inner packets must fit.
    package var local: [TrafficSelector]
    /// The selectors of the peer's side, which destinations must fit.
    package var remote: [TrafficSelector]
    package var encapsulation: Encapsulation
    /// Octets of the largest outer IP packet; nil: what the kernel knows about the path.
    package var pathMTU: Int?
    package var headerPolicy: TunnelHeaderPolicy
    /// Inner packets shorter than this are filled up as far as the path takes them (RFC 4303 section 2.7); 0 for none.
    package var minimumInnerLength: Int
    /// The configured child that the SA is of; packets that its trap catches may go through the SA.
    package var trap: TrapID?
    package var sender: Sender

    /// Which of the workers send on an SA.
    package enum Sender: Hashable, Sendable {
        case all
        /// Those that have none of their own for the same packets. They ask for one (`DataPlaneEvents.wishes`).
        case fallback
        /// The one of this number, before any other SA for the same packets; nobody, where there is no such worker.
        case one(UInt32)
    }

    package init(
        child: ChildID,
        spi: ESPSPI,
        suite: CipherSuite,
        keys: CipherKeys,
        sequenceNumbers: SequenceNumbers,
        local: [TrafficSelector],
        remote: [TrafficSelector],
        encapsulation: Encapsulation,
        pathMTU: Int? = nil,
        headerPolicy: TunnelHeaderPolicy = TunnelHeaderPolicy(),
        minimumInnerLength: Int = 0,
        trap: TrapID? = nil,
        sender: Sender = .all
    ) {
        self.child = child
        self.spi = spi
        self.suite = suite
        self.keys = keys
        self.sequenceNumbers = sequenceNumbers
        self.local = local
        self.remote = remote
        self.encapsulation = encapsulation
        self.pathMTU = pathMTU
        self.headerPolicy = headerPolicy
        self.minimumInnerLength = minimumInnerLength
        self.trap = trap
        self.sender = sender
    }
}

/// An outbound SA in the hands of the outbound workers.
///
/// The conformance is unchecked because what changes in it belongs to whoever has `custody`: everyone takes it before and lets
/// it go after. No call leads back into it, so that its state is exempt from the run-time check for overlapping access.
final class OutboundChild: @unchecked Sendable {
    let custody = Custody()
    let id: ChildID
    let trap: TrapID?
    let sa: OutboundSA
    let tallies: OutboundTallies
    /// Where its packets go.
    @exclusivity(unchecked) private(set) var path: OuterPath
    /// Changes whenever they go elsewhere.
    @exclusivity(unchecked) private(set) var route: UInt32 = 0
    /// Octets of the largest inner packet that leaves in one piece; 0 if the path is too narrow for any.
    @exclusivity(unchecked) private(set) var innerMTU: Int
    private let minimumInnerLength: Int
    /// When each worker last asked for an SA of its own, in nanoseconds; empty: nobody does.
    @exclusivity(unchecked) private var wishes: [UInt64]

    /// Expands the keys, which is why it is done by the control plane's thread.
    ///
    /// - Parameter workers: how many there are outbound.
    init(
        _ parameters: OutboundParameters,
        _ path: OuterPath,
        tallies: OutboundTallies,
        workers: Int
    ) throws(InstallError) {
        do throws(CryptoError) {
            sa = try OutboundSA(
                spi: parameters.spi,
                suite: parameters.suite,
                keys: parameters.keys,
                sequenceNumbers: parameters.sequenceNumbers,
                headerPolicy: parameters.headerPolicy
            )
        } catch {
            throw .crypto(error)
        }
        wishes = Array(repeating: 0, count: parameters.sender == .fallback && workers > 1 ? workers : 0)
        minimumInnerLength = parameters.minimumInnerLength
        id = parameters.child
        trap = parameters.trap
        self.tallies = tallies
        self.path = path
        innerMTU = path.innerMTU(sa.layout)
        adoptMTU()
    }

    /// Sends along another path from now on, or along one whose width is known better. Returns whether other packets fit now.
    func follow(_ path: OuterPath) -> Bool {
        let before = innerMTU
        if path.encapsulation != self.path.encapsulation { route &+= 1 }
        self.path = path
        innerMTU = path.innerMTU(sa.layout)
        adoptMTU()
        return innerMTU != before
    }

    /// Padding makes no packet longer than what passes in one piece.
    private func adoptMTU() {
        sa.minimumInnerLength = min(minimumInnerLength, innerMTU)
        tallies.innerMTU.set(UInt64(innerMTU))
        tallies.pathMTU.set(UInt64(max(0, path.mtu)))
    }

    /// So often a worker asks for an SA of its own, in nanoseconds: one that was refused may be had later.
    private static let wishInterval: UInt64 = 1_000_000_000

    /// Whether the control plane should hear that a worker, which has just taken the SA, would rather have one of its own.
    func shouldGiveWay(to worker: UInt32, at now: UInt64) -> Bool {
        let index = Int(worker)
        guard wishes.indices.contains(index), now &- wishes[index] >= Self.wishInterval else { return false }
        wishes[index] = now
        return true
    }

    /// Lets everybody read what has been sealed so far; the last of it at this time, if anything since the last call.
    func publishCounts(at now: UInt64) { tallies.sent(sa.counters, at: now) }
}
