package import ESP
package import IKECrypto
package import IKEWire
import Inet

/// What an inbound SA is made of.
package struct InboundParameters: Sendable {
    package var child: ChildID
    /// Ours.
    package var spi: ESPSPI
    package var suite: CipherSuite
    package var keys: CipherKeys
    package var sequenceNumbers: SequenceNumbers
    /// Packets that the replay window spans: one of `ReplayWindow.sizes`, or 0 for no protection.
    package var replayWindow: Int
    /// The selectors of our side, which destinations of inner packets must fit.
    package var local: [TrafficSelector]
    /// The selectors of the peer's side, which sources must fit.
    package var remote: [TrafficSelector]
    package var headerPolicy: TunnelHeaderPolicy
    /// How the peer's packets are expected to come; nil: any way, and the control plane hears of none.
    package var encapsulation: Encapsulation?

    package init(
        child: ChildID,
        spi: ESPSPI,
        suite: CipherSuite,
        keys: CipherKeys,
        sequenceNumbers: SequenceNumbers,
        replayWindow: Int = 32,
        local: [TrafficSelector],
        remote: [TrafficSelector],
        headerPolicy: TunnelHeaderPolicy = TunnelHeaderPolicy(),
        encapsulation: Encapsulation? = nil
    ) {
        self.child = child
        self.spi = spi
        self.suite = suite
        self.keys = keys
        self.sequenceNumbers = sequenceNumbers
        self.replayWindow = replayWindow
        self.local = local
        self.remote = remote
        self.headerPolicy = headerPolicy
        self.encapsulation = encapsulation
    }
}

/// An inbound SA in the hands of the inbound workers.
///
/// The conformance is unchecked because what changes in it belongs to whoever has `custody`: everyone takes it before and lets
/// it go after. No call leads back into it, so that its state is exempt from the run-time check for overlapping access.
final class InboundChild: @unchecked Sendable {
    let custody = Custody()
    let id: ChildID
    let sa: InboundSA
    let tallies: InboundTallies
    /// How packets are expected to come.
    @exclusivity(unchecked) private var expected: Encapsulation?
    /// When the control plane last heard of packets that came another way, in nanoseconds.
    @exclusivity(unchecked) private var strayReported: UInt64 = 0

    /// Expands the keys, which is why it is done by the control plane's thread.
    init(_ parameters: InboundParameters, tallies: InboundTallies) throws(InstallError) {
        guard let window = ReplayWindow(size: parameters.replayWindow) else {
            throw .replayWindow(parameters.replayWindow)
        }
        do throws(CryptoError) {
            sa = try InboundSA(
                spi: parameters.spi,
                suite: parameters.suite,
                keys: parameters.keys,
                sequenceNumbers: parameters.sequenceNumbers,
                window: window,
                selectors: SelectorSet(sources: parameters.remote, destinations: parameters.local),
                headerPolicy: parameters.headerPolicy
            )
        } catch {
            throw .crypto(error)
        }
        id = parameters.child
        expected = parameters.encapsulation
        self.tallies = tallies
    }

    /// Lets everybody read what has been opened so far.
    func publishCounts() { tallies.received(sa.counters) }

    // MARK: - Where packets come from

    /// So often the control plane hears of packets that come another way, in nanoseconds.
    private static let strayInterval: UInt64 = 1_000_000_000

    /// The peer's packets are expected another way from now on.
    func expect(_ encapsulation: Encapsulation) {
        expected = encapsulation
        strayReported = 0
    }

    /// Whether a packet from this address shows that the peer can reach us where it should (RFC 4555 section 3.12).
    func expects(_ source: IPAddress) -> Bool { expected.map { $0.remote.address == source } ?? true }

    /// Whether the control plane should hear of a packet that came this way. The caller knows it to be authentic and the
    /// newest so far, since anything else moves nothing.
    func reports(_ arrival: Encapsulation, at now: UInt64) -> Bool {
        guard let expected, expected != arrival, now &- strayReported >= Self.strayInterval else { return false }
        strayReported = now
        return true
    }
}
