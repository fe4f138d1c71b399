import DataPlane
import IKECore
import IKEWire
import LinuxNet
import VICI

/// Everything that a page of metrics is made of, at one moment.
struct MetricsPage {
    let metrics: Metrics
    let summaries: [IKESASummary]
    let halfOpen: Int
    let connections: Int
    let drops: DropCounters
    let datagrams: DatagramCounters
    let plane: PlaneCounters
    /// The CHILD SAs that are there.
    let children: [ChildCounters]
    /// When the daemon began, in seconds since 1970.
    let startedOn: Int
    /// The processor time of each thread with a loop.
    var threads: [(name: String, time: Duration)] = []

    /// The page in Prometheus' format. The help of each family is its documentation.
    var text: String {
        var page = Exposition()
        addBuild(to: &page)
        addSAs(to: &page)
        addNegotiations(to: &page)
        addMessages(to: &page)
        addTraffic(to: &page)
        return page.text
    }

    private func addBuild(to page: inout Exposition) {
        page.add(
            "iked_build_info",
            .gauge,
            "The version that runs; the value is always 1.",
            samples: [(["version": Software.version], 1)]
        )
        page.add("iked_start_time_seconds", .gauge, "When the daemon started, in seconds since 1970.", startedOn)
        page.add(
            "iked_thread_busy_seconds_total",
            .counter,
            "Time in which a thread's loop was busy: iked-in opens ESP, iked-out seals it (with a number "
                + "where there are several), control does the rest. A rate near 1 means that the thread is saturated.",
            samples: threads.map { (["thread": $0.name], $0.time / .seconds(1)) }
        )
        page.add("iked_connections", .gauge, "Connections that are configured.", connections)
    }

    private func addSAs(to page: inout Exposition) {
        let states = Dictionary(grouping: summaries, by: \.state).mapValues(\.count)
        page.add(
            "iked_ike_sas",
            .gauge,
            "IKE SAs by state.",
            samples: [IKESASummary.State.connecting, .established, .rekeying, .rekeyed, .deleting].map {
                (["state": $0.rawValue.lowercased()], states[$0] ?? 0)
            }
        )
        page.add("iked_ike_sas_half_open", .gauge, "IKE SAs of strangers that have not authenticated yet.", halfOpen)
        let childStates = Dictionary(grouping: summaries.flatMap(\.children), by: \.state).mapValues(\.count)
        page.add(
            "iked_child_sas",
            .gauge,
            "CHILD SAs by state.",
            samples: ["INSTALLED", "REKEYING", "REKEYED", "DELETING"].map {
                (["state": $0.lowercased()], childStates[$0] ?? 0)
            }
        )
    }

    private func addNegotiations(to page: inout Exposition) {
        page.add(
            "iked_ike_negotiations_established_total",
            .counter,
            "Negotiations of an IKE SA that led to one, by our role.",
            samples: Role.both.map { (["role": $0.rawValue], metrics.established[$0] ?? 0) }
        )
        page.add(
            "iked_ike_negotiations_failed_total",
            .counter,
            "Negotiations of an IKE SA that came to nothing, by our role and the reason.",
            samples: metrics.failures.sorted { $0.key < $1.key }.map { failure, count in
                (["role": failure.role.rawValue, "reason": failure.reason.rawValue], count)
            }
        )
        page.add(
            "iked_ike_negotiation_duration_seconds",
            "Time from the first message of an IKE SA until it was established, by our role.",
            by: "role",
            Role.both.map { ($0.rawValue, metrics.negotiations[$0] ?? Histogram(bounds: [])) }
        )
        page.add("iked_ike_rekeyings_total", .counter, "IKE SAs that were replaced by rekeying.", metrics.ikeRekeyings)
        page.add(
            "iked_child_rekeyings_total",
            .counter,
            "CHILD SAs that were replaced by rekeying.",
            metrics.childRekeyings
        )
    }

    private func addMessages(to page: inout Exposition) {
        page.add(
            "iked_ike_datagrams_total",
            .counter,
            "Datagrams with IKE messages, by direction.",
            samples: [(["direction": "in"], datagrams.received), (["direction": "out"], datagrams.sent)]
        )
        page.add(
            "iked_ike_retransmissions_total",
            .counter,
            "Requests that were sent again because no answer had come.",
            metrics.retransmissions
        )
        page.add(
            "iked_ike_send_failures_total",
            .counter,
            "IKE messages that the network did not take.",
            datagrams.sendFailures
        )
        page.add(
            "iked_ike_challenges_total",
            .counter,
            "Requests of strangers that got a cookie or a puzzle instead of an answer.",
            samples: [(["kind": "cookie"], drops.cookiesAsked), (["kind": "puzzle"], drops.puzzlesAsked)]
        )
        page.add(
            "iked_ike_dropped_messages_total",
            .counter,
            "IKE messages that were dropped, by cause.",
            samples: [
                (["cause": "malformed"], drops.malformed),
                (["cause": "unknown-spi"], drops.unknownSPI),
                (["cause": "half-open-limit"], drops.overLimit),
                (["cause": "peer-half-open-limit"], drops.overPeerLimit),
                (["cause": "answer-limit"], drops.unanswered),
                (["cause": "forged"], drops.forgeries),
                (["cause": "unchecked"], drops.unchecked),
                (["cause": "queue-full"], Int(clamping: plane.ikeOverflow)),
            ]
        )
    }

    private func addTraffic(to page: inout Exposition) {
        var total = metrics.closedChildren
        for child in children { total += child }
        page.add(
            "iked_esp_packets_total",
            .counter,
            "Packets that tunnels carried, by direction.",
            samples: [(["direction": "in"], total.inbound.packets), (["direction": "out"], total.outbound.packets)]
        )
        page.add(
            "iked_esp_bytes_total",
            .counter,
            "Bytes of the packets that tunnels carried, without ESP, by direction.",
            samples: [(["direction": "in"], total.inbound.octets), (["direction": "out"], total.outbound.octets)]
        )
        page.add(
            "iked_dropped_packets_total",
            .counter,
            "Packets of tunnels that were dropped, by direction and cause.",
            samples: Self.inboundDrops(plane, total.inboundDrops).map { (["direction": "in", "cause": $0.0], $0.1) }
                + Self.outboundDrops(plane, total.outboundDrops).map { (["direction": "out", "cause": $0.0], $0.1) }
        )
        page.add(
            "iked_esp_dummy_packets_total",
            .counter,
            "Packets without content that peers sent to hide when they send something.",
            total.dummies
        )
        page.add(
            "iked_trapped_packets_total",
            .counter,
            "Packets that were held until the tunnel that they want is up.",
            plane.trapped
        )
        page.add(
            "iked_device_super_packets_total",
            .counter,
            "Many packets at once that the tunnel's device gave or took.",
            samples: [(["direction": "out"], plane.superPacketsRead), (["direction": "in"], plane.superPacketsWritten)]
        )
        page.add(
            "iked_esp_joined_packets_total",
            .counter,
            "ESP packets that the network gave or took together with others.",
            samples: [(["direction": "in"], plane.mergedReceived), (["direction": "out"], plane.joinedSent)]
        )
        page.add(
            "iked_offload_refusals_total",
            .counter,
            "How often the kernel refused many packets at once.",
            plane.offloadRefusals
        )
    }

    private static func inboundDrops(
        _ plane: PlaneCounters,
        _ drops: ChildCounters.InboundDrops
    ) -> [(String, UInt64)] {
        [
            ("unknown-spi", plane.unknownSPI), ("malformed-datagram", plane.malformedDatagrams),
            ("replay", drops.replayed), ("unauthentic", drops.unauthentic), ("malformed", drops.malformed),
            ("outside-selectors", drops.selectorMismatches), ("congestion", drops.congestion),
            ("cipher", drops.cipherFailures), ("device", plane.deviceRefusals),
        ]
    }

    private static func outboundDrops(
        _ plane: PlaneCounters,
        _ drops: ChildCounters.OutboundDrops
    ) -> [(String, UInt64)] {
        [
            ("no-policy", plane.noPolicy), ("malformed", plane.malformedPackets), ("trap", plane.trapDrops),
            ("too-big", drops.tooBig), ("sequence-numbers", drops.sequenceExhausted), ("send", drops.failures),
        ]
    }
}

extension Role {
    fileprivate static let both: [Role] = [.initiator, .responder]
}

extension Daemon {
    var metricsPage: String {
        MetricsPage(
            metrics: metrics,
            summaries: endpoint.summaries(now: now),
            halfOpen: endpoint.load.halfOpen,
            connections: store.connections.count,
            drops: endpoint.drops,
            datagrams: traffic,
            plane: tunnels.dataPlane.planeCounters,
            children: Array(tunnels.dataPlane.allCounters.values),
            startedOn: startedOn,
            threads: tunnels.dataPlane.processorTimes
                + (NativeThread.ownProcessorTime.map { [(name: "control", time: $0)] } ?? [])
        ).text
    }
}
