import DataPlane
import Glibc
import IKECore
import VICI

extension Daemon {
    /// The answer to `stats`; charon's keys, where they mean something here, and what was received and dropped.
    var statistics: VICIMessage {
        let running = now - startedAt
        let load = endpoint.load
        return [
            "uptime": [
                "running": .text(Self.inWords(running)),
                "since": .text(Self.date(startedOn)),
                "seconds": .number(running.wholeSeconds),
            ],
            "workers": [
                "total": "2",
                "idle": "0",
                "active": ["critical": "0", "high": "0", "medium": "0", "low": "0"],
            ],
            "queues": ["critical": "0", "high": "0", "medium": "0", "low": "0"],
            "scheduled": .number(load.deadlines),
            "ikesas": ["total": .number(endpoint.standing), "half-open": .number(load.halfOpen)],
            "plugins": .list([]),
            "datagrams": .section(datagramMessage),
            "offloads": .section(offloadMessage),
        ]
    }

    /// How many packets went the kernel's short ways for many at once.
    private var offloadMessage: VICIMessage {
        let plane = tunnels.dataPlane.planeCounters
        return [
            "tun-super-packets-read": .number(plane.superPacketsRead),
            "tun-super-packets-written": .number(plane.superPacketsWritten),
            "udp-packets-joined": .number(plane.joinedSent),
            "udp-packets-merged": .number(plane.mergedReceived),
            "refused": .number(plane.offloadRefusals),
        ]
    }

    private var datagramMessage: VICIMessage {
        let plane = tunnels.dataPlane.planeCounters
        let drops = endpoint.drops
        return [
            "received": .number(traffic.received),
            "sent": .number(traffic.sent),
            "trapped": .number(plane.trapped),
            "dropped": [
                "malformed-ike": .number(drops.malformed),
                "unknown-ike-spi": .number(drops.unknownSPI),
                "half-open-limit": .number(drops.overLimit),
                "peer-half-open-limit": .number(drops.overPeerLimit),
                "without-cookie": .number(drops.cookiesAsked),
                "without-puzzle": .number(drops.puzzlesAsked),
                "answer-limit": .number(drops.unanswered),
                "half-open-forgeries": .number(drops.forgeries),
                "half-open-unchecked": .number(drops.unchecked),
                "ike-overflow": .number(plane.ikeOverflow),
                "send-failures": .number(traffic.sendFailures),
                "unknown-esp-spi": .number(plane.unknownSPI),
                "malformed-datagrams": .number(plane.malformedDatagrams),
                "no-policy": .number(plane.noPolicy),
                "trapped": .number(plane.trapDrops),
                "malformed-packets": .number(plane.malformedPackets),
                "device-refusals": .number(plane.deviceRefusals),
            ],
        ]
    }

    private static func inWords(_ duration: Duration) -> String {
        let seconds = duration.wholeSeconds
        for (unit, length) in [("day", 86_400), ("hour", 3600), ("minute", 60)] as [(String, Int64)]
        where seconds >= 2 * length {
            return "\(seconds / length) \(unit)s"
        }
        return "\(seconds) seconds"
    }

    /// As charon prints it: "Oct 01 10:00:00 2026".
    private static func date(_ seconds: Int) -> String {
        var seconds = time_t(seconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, $0.count, "%b %d %H:%M:%S %Y", &parts) }
        }
    }
}
