package import IKECore
package import IKECrypto

/// A network with the two sites on it.
package struct Pair {
    package let network: Network
    package let left: Host
    package let right: Host

    /// - Parameters:
    ///   - others: second addresses of the left and of the right side, if they have any.
    ///   - believedPathMTU: what both hosts know of the path; nil: nothing.
    package init(
        _ sites: TwoSites = TwoSites(),
        others: [String] = [],
        seed: UInt64 = 1,
        conditions: Network.Conditions = Network.Conditions(),
        settings: Settings = .withoutDelay,
        crashSecret: SecretBytes? = nil,
        believedPathMTU: Int? = nil
    ) {
        network = Network(seed: seed, conditions: conditions)
        network.believedPathMTU = believedPathMTU
        left = network.host(
            "left",
            ([TwoSites.leftAddress] + others.prefix(1)).map { Host.Interface($0) },
            policy: sites.left,
            settings: settings,
            crashSecret: crashSecret
        )
        right = network.host(
            "right",
            ([TwoSites.rightAddress] + others.dropFirst()).map { Host.Interface($0) },
            policy: sites.right,
            settings: settings,
            crashSecret: crashSecret
        )
    }

    /// Has the left side bring the connection up, and gives it time.
    @discardableResult
    package func up(children: ChildChoice = .all, within: Duration = .seconds(1)) -> CommandID {
        let id = network.initiate(left, "site", children: children, to: right)
        network.run(for: within)
        return id
    }

    /// Whether each CHILD SA that one side accepts on is what the other sends on, with the same keys.
    package var childSAsAgree: Bool {
        Self.agree(left, right) && Self.agree(right, left)
    }

    private static func agree(_ receiver: Host, _ sender: Host) -> Bool {
        sender.outbound.allSatisfy { out in
            receiver.inbound.values.contains {
                $0.inboundSPI == out.outboundSPI && $0.suite == out.suite && $0.keys != nil
                    && $0.keys?.inbound.encryption == out.keys?.outbound.encryption
                    && $0.keys?.inbound.integrity == out.keys?.outbound.integrity
            }
        }
    }

    /// Whether neither side holds anything any more.
    package var isEmpty: Bool {
        [left, right].allSatisfy { host in
            host.endpoint.load == (0, 0, 0, 0) && host.inbound.isEmpty && host.outbound.isEmpty
        }
    }
}

extension Settings {
    /// Replaced CHILD SAs go at once, so that a test sees what is left.
    package static var withoutDelay: Settings {
        var settings = Settings()
        settings.deleteRekeyedDelay = .zero
        return settings
    }
}
