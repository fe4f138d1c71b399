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
        trap: TrapID? = nil
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
    /// Octets of the largest inner packet that leaves in one piece; 0 if the path is too narrow for any.
    @exclusivity(unchecked) private(set) var innerMTU: Int
    private let minimumInnerLength: Int

    /// Expands the keys, which is why it is done by the control plane's thread.
    init(_ parameters: OutboundParameters, _ path: OuterPath, tallies: OutboundTallies) throws(InstallError) {
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

    /// Octets of the ESP packet around an inner packet.
    func sealedLength(inner: Int) -> Int {
        sa.layout.sealedLength(inner: max(inner, sa.minimumInnerLength))
    }
}
