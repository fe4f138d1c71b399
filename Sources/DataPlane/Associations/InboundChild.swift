package import ESP
package import IKECrypto
package import IKEWire

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

    package init(
        child: ChildID,
        spi: ESPSPI,
        suite: CipherSuite,
        keys: CipherKeys,
        sequenceNumbers: SequenceNumbers,
        replayWindow: Int = 32,
        local: [TrafficSelector],
        remote: [TrafficSelector],
        headerPolicy: TunnelHeaderPolicy = TunnelHeaderPolicy()
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
    }
}

/// An inbound SA in the worker's hands.
final class InboundChild {
    let sa: InboundSA
    let tallies: ChildTallies

    /// Expands the keys, which is why it is done by the control plane's thread.
    init(_ parameters: InboundParameters, tallies: ChildTallies) throws(InstallError) {
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
        self.tallies = tallies
    }
}
