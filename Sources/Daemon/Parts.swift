import DataPlane
import Glibc
import IKECore
import IKECrypto
import LinuxNet
import SwanConf

// What the daemon is made of, as far as the configuration asks for it.

extension Daemon {
    static func startHooks() -> (Hooks?, failure: String?) {
        do throws(Errno) {
            return (try Hooks(), nil)
        } catch {
            return (nil, "neither updown scripts nor name servers: \(error)")
        }
    }

    /// Without its file peers only find out later that this host was started anew: no reason not to start.
    static func crashSecret(_ settings: DaemonSettings, _ options: Options) -> (SecretBytes?, String?) {
        guard settings.crashDetection else { return (nil, nil) }
        do throws(Errno) {
            return (try CrashSecret.load(directory: options.stateDirectory), nil)
        } catch {
            return (nil, "no crash detection (RFC 6290): \(error); see --state and iked.crash_detection")
        }
    }

    static func metricsServer(_ settings: DaemonSettings, _ loop: EventLoop) throws(Errno) -> MetricsServer? {
        guard let address = settings.metricsListen else { return nil }
        return try MetricsServer(at: address, loop: loop) { Instant(nanoseconds: MonotonicClock.nanoseconds) }
    }

    static func radius(
        _ settings: DaemonSettings,
        _ loop: EventLoop,
        _ resolver: HostResolver,
        _ tunnels: Tunnels
    ) -> RADIUSService? {
        guard let configuration = settings.radius else { return nil }
        let surroundings = RADIUSService.Surroundings(
            loop: loop,
            resolver: resolver,
            random: SystemRandom(),
            clock: { Instant(nanoseconds: MonotonicClock.nanoseconds) },
            usage: { tunnels.accountedUsage(of: $0) },
            timestamp: { UInt32(clamping: time(nil)) }
        )
        return RADIUSService(configuration, surroundings)
    }

    static func openTunnels(_ settings: DaemonSettings) throws(Errno) -> Tunnels {
        let device = try TUNDevice(
            name: settings.tun,
            features: settings.tunGSO || settings.tunGRO ? .virtioHeader : [],
            offloads: settings.tunGSO ? TUNDevice.Offloads.wishes : []
        )
        let index = device.index
        var plane = DataPlaneConfiguration()
        plane.ikePort = settings.port
        plane.natPort = settings.portNATT
        plane.mark = socketMark
        plane.offloads.mergesForDevice = settings.tunGRO
        plane.offloads.joinsSends = settings.udpGSO
        plane.offloads.mergesReceived = settings.udpGRO
        let dataPlane = try DataPlane.start(plane, device: device)
        var netlink = try Netlink()
        try netlink.setLink(index: index, up: true)
        let routes =
            settings.installRoutes
            ? try TunnelRoutes(
                interface: index,
                table: settings.routingTable,
                priority: settings.routingTablePriority,
                mark: socketMark,
                ports: [settings.port, settings.portNATT]
            ) : nil
        return Tunnels(dataPlane: dataPlane, routes: routes, mtuLimit: settings.mtu)
    }
}
