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

    /// How many pairs of threads are to move packets. With one pair a direction has a processor of its own on two; and one
    /// pair takes no turns with others at an SA.
    static func workers(_ settings: DaemonSettings) -> Int {
        settings.workers ?? max(1, min(Processors.usable.count / 2, mostWorkersByItself))
    }

    private static let mostWorkersByItself = 16

    /// Which processors they stay on; none: any.
    private static func processors(_ pinning: DaemonSettings.Pinning) throws(Errno) -> [Int] {
        let usable = Processors.usable
        switch pinning {
        case .no: return []
        case .all: return usable
        case .processors(let wanted):
            guard let other = wanted.first(where: { !usable.contains($0) }) else { return wanted }
            let numbers = usable.map(String.init).joined(separator: ",")
            throw Errno(
                "stay on processor \(other)",
                code: EINVAL,
                advice: "iked.pin names it, and iked may use these: \(numbers)"
            )
        }
    }

    static func openTunnels(_ settings: DaemonSettings) throws(Errno) -> Tunnels {
        let device = try TUNDevice(
            name: settings.tun,
            features: settings.tunGSO || settings.tunGRO ? .virtioHeader : [],
            offloads: settings.tunGSO ? TUNDevice.Offloads.wishes : [],
            queues: workers(settings)
        )
        let index = device.index
        var plane = DataPlaneConfiguration()
        plane.ikePort = settings.port
        plane.natPort = settings.portNATT
        plane.mark = socketMark
        plane.offloads.mergesForDevice = settings.tunGRO
        plane.offloads.joinsSends = settings.udpGSO
        plane.offloads.mergesReceived = settings.udpGRO
        plane.processors = try processors(settings.pinning)
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
