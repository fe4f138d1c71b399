import IKECore
import Inet
import LinuxNet

/// Watches the host's addresses and routes, and tells the engine what it can use of them.
///
/// Changes come in flocks: an address goes, another one comes, routes follow. The engine hears of them a moment after the first.
/// While changes go on, as they do when many SAs come up and each adds a route and an address to the tunnel's device, it hears of
/// them from time to time: how things are now is always all that there is to tell.
final class NetworkWatch {
    /// How long changes settle.
    private static let settlingTime: Duration = .milliseconds(50)
    /// The least time from one look to the next.
    private static let pause: Duration = .milliseconds(200)
    /// More peers than this are not asked about; the engine then takes any address of theirs for reachable.
    private static let mostPeers = 1024

    private let monitor: NetworkMonitor
    private var netlink: Netlink
    /// The tunnel's own device: what leads into it is no way to a peer.
    private let tunnel: UInt32
    private let mark: UInt32
    private var lastSeen: LocalNetwork?
    /// From then on the next look may be.
    private var rested: Instant?
    /// When the engine is to be told.
    private(set) var deadline: Instant?

    init(tunnel: UInt32, mark: UInt32) throws(Errno) {
        let monitor = try NetworkMonitor()
        netlink = try Netlink()
        self.monitor = monitor
        self.tunnel = tunnel
        self.mark = mark
    }

    /// For the event loop.
    var descriptor: Int32 { monitor.raw }

    /// Something has changed.
    func noteChanges(_ now: Instant) {
        guard monitor.clear(), deadline == nil else { return }
        let settled = now + Self.settlingTime
        deadline = rested.map { max($0, settled) } ?? settled
    }

    /// The network as it is now, if it is not as it was when it was last looked at.
    func look(towards peers: Set<IPAddress>, _ now: Instant) throws(Errno) -> LocalNetwork? {
        deadline = nil
        rested = now + Self.pause
        let network = try survey(peers)
        guard network != lastSeen else { return nil }
        lastSeen = network
        return network
    }

    private func survey(_ peers: Set<IPAddress>) throws(Errno) -> LocalNetwork {
        let tunnel = tunnel
        let links = try netlink.links().filter { $0.isRunning && $0.index != tunnel }
        let running = Set(links.map(\.index))
        let loopbacks = Set(links.lazy.filter(\.isLoopback).map(\.index))
        var network = LocalNetwork()
        for address in try netlink.addresses() where running.contains(address.interface) {
            guard !address.address.isLoopback, !address.address.isLinkLocal else { continue }
            if loopbacks.contains(address.interface) {
                network.passive.insert(address.address)
            } else {
                network.addresses.append(address.address)
            }
        }
        for peer in peers.sorted().prefix(Self.mostPeers) {
            do throws(Errno) {
                let route = try netlink.route(to: peer, mark: mark)
                // A route through a link without carrier is still listed.
                guard running.contains(route.interface) else {
                    network.unreachable.insert(peer)
                    continue
                }
                network.sources[peer] = route.preferredSource
            } catch {
                network.unreachable.insert(peer)
            }
        }
        return network
    }
}
