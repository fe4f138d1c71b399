import DataPlane
import ESP
import IKECore
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import RADIUS

/// Puts CHILD SAs into the data plane and their routes into the kernel.
final class Tunnels {
    let dataPlane: DataPlane
    private let routes: TunnelRoutes?
    /// The configured limit of the inner MTU, in octets.
    private let mtuLimit: Int?
    /// What children are called in the data plane, trapped or not.
    private var trapIDs: [ChildName: TrapID] = [:]

    init(dataPlane: DataPlane, routes: TunnelRoutes?, mtuLimit: Int?) {
        self.dataPlane = dataPlane
        self.routes = routes
        self.mtuLimit = mtuLimit
    }

    /// - Returns: what went wrong, for the log.
    func installInbound(_ childSA: ChildSA) -> String? {
        guard let keys = childSA.keys else { return "CHILD SA \(childSA.logName) cannot receive: its keys are gone" }
        do throws(InstallError) {
            try dataPlane.install(inbound: InboundParameters(childSA, keys.inbound))
            return nil
        } catch {
            return "CHILD SA \(childSA.logName) cannot receive: \(error)"
        }
    }

    /// - Returns: what went wrong, for the log.
    func installOutbound(_ childSA: ChildSA) -> String? {
        guard let keys = childSA.keys else { return "CHILD SA \(childSA.logName) cannot send: its keys are gone" }
        do {
            var parameters = OutboundParameters(childSA, keys.outbound, trapID(of: ChildName(childSA)))
            parameters.pathMTU = pathMTU(of: childSA)
            let mtu = try dataPlane.install(outbound: parameters)
            try routes?.set(
                for: .child(childSA.id),
                local: childSA.localSelectors,
                remote: childSA.remoteSelectors,
                mtu: limited(mtu)
            )
            return nil
        } catch {
            return "CHILD SA \(childSA.logName) cannot send: \(error)"
        }
    }

    /// The CHILD SA goes along another path, or it is known better what its path takes. Its routes stay as they are, but for
    /// their MTU.
    ///
    /// - Returns: what went wrong, for the log.
    func update(_ childSA: ChildSA) -> String? {
        do throws(InstallError) {
            try dataPlane.updateEncapsulation(
                childSA.dataPlaneID,
                to: childSA.encapsulation,
                pathMTU: pathMTU(of: childSA)
            )
            return nil
        } catch {
            return "CHILD SA \(childSA.logName) cannot move to \(childSA.remote): \(error)"
        }
    }

    /// - Returns: what went wrong, for the log.
    func remove(_ childSA: ChildSA) -> [String] {
        let failures = removeOutbound(childSA)
        dataPlane.removeInbound(childSA.inboundSPI)
        return failures
    }

    /// - Returns: what went wrong, for the log.
    func removeOutbound(_ childSA: ChildSA) -> [String] {
        let failures = routes?.remove(for: .child(childSA.id)) ?? []
        dataPlane.removeOutbound(childSA.dataPlaneID)
        return failures.map { "CHILD SA \(childSA.logName): \($0)" }
    }

    /// What has been found out about the path counts as far as the host does not know less; nil: nothing has.
    private func pathMTU(of childSA: ChildSA) -> Int? {
        guard let probed = childSA.pathMTU else { return nil }
        return min(probed, Self.knownPathMTU(Path(local: childSA.local, remote: childSA.remote)) ?? probed)
    }

    /// What the host knows of a path; nil: it knows no way.
    static func knownPathMTU(_ path: Path) -> Int? {
        try? PathMTU.known(to: path.remote, from: path.local.address, mark: Daemon.socketMark)
    }

    // MARK: - Addresses of ours inside the tunnel

    /// - Returns: what went wrong, for the log.
    func addAddress(_ address: IPAddress) -> String? {
        do throws(Errno) {
            var netlink = try Netlink()
            try netlink.addAddress(InterfaceAddress(address, interface: dataPlane.deviceIndex))
            return nil
        } catch {
            return "the assigned address \(address) cannot be given to \(dataPlane.deviceName): \(error)"
        }
    }

    /// - Returns: what went wrong, for the log.
    func removeAddress(_ address: IPAddress) -> String? {
        do throws(Errno) {
            var netlink = try Netlink()
            try netlink.removeAddress(InterfaceAddress(address, interface: dataPlane.deviceIndex))
            return nil
        } catch {
            return "the assigned address \(address) cannot be taken from \(dataPlane.deviceName): \(error)"
        }
    }

    // MARK: - Traps

    /// What the tunnel takes at least where no SA has found its MTU yet: every common path, in every suite.
    private static let trapMTU = 1400

    /// Has packets that fit these selectors ask for the child.
    func setTrap(_ child: ChildName, local: [TrafficSelector], remote: [TrafficSelector]) throws {
        let trap = trapID(of: child)
        try dataPlane.setTrap(trap, local: local, remote: remote)
        try routes?.set(for: .trap(trap), local: local, remote: remote, mtu: limited(Self.trapMTU))
    }

    /// - Returns: what went wrong, for the log.
    func removeTrap(_ child: ChildName) -> [String] {
        let trap = trapID(of: child)
        let failures = routes?.remove(for: .trap(trap)) ?? []
        dataPlane.removeTrap(trap)
        return failures.map { "the trap of \(child): \($0)" }
    }

    func child(of trap: TrapID) -> ChildName? { trapIDs.first { $0.value == trap }?.key }

    func trapID(of child: ChildName) -> TrapID {
        if let known = trapIDs[child] { return known }
        let new = TrapID(rawValue: UInt32(truncatingIfNeeded: trapIDs.count) + 1)
        trapIDs[child] = new
        return new
    }

    // MARK: - The path and the traffic

    /// The worker found another path MTU for these: the routes follow.
    func followPath(of children: Set<ChildID>) -> [String] {
        children.compactMap { child in
            guard let counters = dataPlane.counters(for: child), counters.innerMTU > 0 else { return nil }
            do throws(Errno) {
                try routes?.setMTU(limited(counters.innerMTU), for: .child(child.rawValue))
                return nil
            } catch {
                return "the MTU of CHILD SA \(child) could not be changed: \(error)"
            }
        }
    }

    /// What each CHILD SA has carried so far.
    var usage: [UInt32: ChildUsage] {
        var usage: [UInt32: ChildUsage] = [:]
        dataPlane.forEachCounters { child, counters in
            usage[child.rawValue] = ChildUsage(
                lastInbound: instant(counters.inbound.lastUse),
                lastOutbound: instant(counters.outbound.lastUse),
                octetsIn: counters.inbound.octets,
                octetsOut: counters.outbound.octets,
                packetsIn: counters.inbound.packets,
                packetsOut: counters.outbound.packets
            )
        }
        return usage
    }

    /// What one of them has carried so far, as accounting tells it; nil for one that is gone.
    func accountedUsage(of child: UInt32) -> AccountingRecord.Usage? {
        dataPlane.counters(for: ChildID(rawValue: child)).map { AccountingRecord.Usage($0) }
    }

    func traffic(of childSA: ChildSA, now: Instant) -> Traffic? {
        dataPlane.counters(for: childSA.dataPlaneID).map { counters in
            Traffic(
                bytesIn: counters.inbound.octets,
                packetsIn: counters.inbound.packets,
                bytesOut: counters.outbound.octets,
                packetsOut: counters.outbound.packets,
                idleIn: idle(counters.inbound.lastUse, now),
                idleOut: idle(counters.outbound.lastUse, now),
                replayed: counters.inboundDrops.replayed,
                unauthentic: counters.inboundDrops.unauthentic,
                outsideSelectors: counters.inboundDrops.selectorMismatches,
                mtu: counters.innerMTU > 0 ? limited(counters.innerMTU) : nil,
                pathMTU: counters.pathMTU > 0 ? counters.pathMTU : nil
            )
        }
    }

    func close() {
        routes?.removeAll()
        dataPlane.stop()
    }

    private func limited(_ mtu: Int) -> Int { min(mtu, mtuLimit ?? .max) }

    private func idle(_ lastUse: UInt64, _ now: Instant) -> Duration? {
        instant(lastUse).map { now - $0 }
    }

    private func instant(_ lastUse: UInt64) -> Instant? { lastUse == 0 ? nil : Instant(nanoseconds: lastUse) }
}

// MARK: - From the core's words to the data plane's

extension ChildName {
    init(_ childSA: ChildSA) { self.init(connection: childSA.connection, child: childSA.name) }
}

extension ChildSA {
    var dataPlaneID: ChildID { ChildID(rawValue: id) }

    fileprivate var sequenceNumbers: SequenceNumbers { usesESN ? .extended : .standard }

    fileprivate var encapsulation: Encapsulation {
        usesUDP
            ? .udp(local: local, remote: remote)
            : .rawESP(local: local.address, remote: remote.address)
    }
}

extension StrayPacket {
    init(_ refusal: PacketRefusal) {
        switch refusal {
        case .unknownSPI(let spi, let local, let remote): self = .unknownSPI(spi, local: local, remote: remote)
        case .outsideSelectors(let child, let start): self = .outsideSelectors(childSA: child.rawValue, start: start)
        }
    }
}

extension TunnelHeaderPolicy {
    fileprivate init(_ options: TunnelOptions) {
        let copyDSCP: DSCPCopy =
            switch options.copyDSCP {
            case .out: .out
            case .in: .in
            case .yes: .yes
            case .no: .no
            }
        self.init(copyDSCP: copyDSCP, copyECN: options.copyECN, copyDF: options.copyDF)
    }
}

extension InboundParameters {
    fileprivate init(_ childSA: ChildSA, _ keys: CipherKeys) {
        self.init(
            child: childSA.dataPlaneID,
            spi: childSA.inboundSPI,
            suite: childSA.suite,
            keys: keys,
            sequenceNumbers: childSA.sequenceNumbers,
            replayWindow: childSA.options.replayWindow,
            local: childSA.localSelectors,
            remote: childSA.remoteSelectors,
            headerPolicy: TunnelHeaderPolicy(childSA.options),
            encapsulation: childSA.encapsulation
        )
    }
}

extension OutboundParameters {
    fileprivate init(_ childSA: ChildSA, _ keys: CipherKeys, _ trap: TrapID) {
        self.init(
            child: childSA.dataPlaneID,
            spi: childSA.outboundSPI,
            suite: childSA.suite,
            keys: keys,
            sequenceNumbers: childSA.sequenceNumbers,
            local: childSA.localSelectors,
            remote: childSA.remoteSelectors,
            encapsulation: childSA.encapsulation,
            headerPolicy: TunnelHeaderPolicy(childSA.options),
            minimumInnerLength: childSA.options.tfcPadding,
            trap: trap,
            sender: Sender(childSA.resource)
        )
    }
}

extension OutboundParameters.Sender {
    fileprivate init(_ resource: ChildResource?) {
        switch resource {
        case nil: self = .all
        case .all: self = .fallback
        case .one(let number): self = .one(number)
        }
    }
}
