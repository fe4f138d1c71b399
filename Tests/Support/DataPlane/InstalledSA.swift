package import IKECore
package import IKECrypto
import IKEWire

/// A CHILD SA as a host's data plane holds it: what it would do with the packets, whatever the engine meant.
package struct InstalledSA {
    package internal(set) var childSA: ChildSA
    package internal(set) var inboundKey: KeyFingerprint
    package internal(set) var outboundKey: KeyFingerprint
    /// Accepts what arrives on the inbound SPI.
    package internal(set) var acceptsInbound = false
    /// The place among the outbound SAs, higher being newer; nil: nothing is sent on it.
    package internal(set) var outboundRank: Int?
    package internal(set) var nextSequence: UInt64 = 1
    /// Sequence numbers that were accepted.
    var seen: Set<UInt64> = []
    var highest: UInt64 = 0
    var usage = ChildUsage()

    init(_ childSA: ChildSA) {
        self.childSA = childSA
        inboundKey = KeyFingerprint(childSA.keys?.inbound)
        outboundKey = KeyFingerprint(childSA.keys?.outbound)
    }

    package var id: UInt32 { childSA.id }
    var path: Path { Path(local: childSA.local, remote: childSA.remote) }

    /// The one SA, seen from its other end.
    package func isTwin(of other: InstalledSA) -> Bool {
        childSA.inboundSPI == other.childSA.outboundSPI && childSA.outboundSPI == other.childSA.inboundSPI
    }
}

extension ChildSA {
    /// With the keys of an earlier state of it: the engine names them once, and who tests may want to compare them later.
    package func keeping(_ keys: ChildKeys?) -> ChildSA {
        var childSA = self
        childSA.keys = childSA.keys ?? keys
        return childSA
    }
}

extension KeyFingerprint {
    package init(_ keys: CipherKeys?) {
        guard let keys else { return }
        keys.encryption.withUnsafeBytes { mix($0) }
        keys.integrity.withUnsafeBytes { mix($0) }
    }
}
