import IKEWire
import Inet

/// How close the selectors of a policy are, among policies for the same two prefixes; the greater one goes first.
struct Rank: Comparable {
    // The largest first: there are many of them.
    /// How many pairs of ports fit, up to 2^32.
    private let portPairs: UInt64
    private let order: UInt64
    private let namesProtocol: Bool
    private let isTrap: Bool
    private let isOwn: Bool

    /// `order` grows with each installation.
    init(_ local: TrafficSelector, _ remote: TrafficSelector, isTrap: Bool, isOwn: Bool, order: UInt64) {
        namesProtocol = local.protocolID != .any || remote.protocolID != .any
        portPairs = local.ports.count * remote.ports.count
        self.isTrap = isTrap
        self.isOwn = isOwn
        self.order = order
    }

    static func < (left: Rank, right: Rank) -> Bool {
        if left.namesProtocol != right.namesProtocol { return right.namesProtocol }
        if left.portPairs != right.portPairs { return left.portPairs > right.portPairs }
        if left.isTrap != right.isTrap { return left.isTrap }
        if left.isOwn != right.isOwn { return right.isOwn }
        return left.order < right.order
    }
}

extension PortSelector {
    /// How many ports fit: 1 to 65,536. OPAQUE is closer than any port.
    fileprivate var count: UInt64 {
        switch self {
        case .range(let range): UInt64(range.count)
        case .opaque: 0
        }
    }
}
