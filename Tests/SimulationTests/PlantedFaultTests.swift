import IKECore
import Support
import Testing

/// Properties that nothing violates prove nothing. Here each is shown to notice what it is there for.
@Suite struct PlantedFaultTests {
    /// Whatever is planted, the ordinary schedules find it; `scripts/simulate --faults` prints by which property.
    @Test(arguments: PlantedFault.all) func aFaultOfOneHostIsFoundByExploring(_ fault: PlantedFault) {
        #expect(Discovery(of: fault, mostRuns: 60).violation != nil)
    }

    /// A connection that is rekeyed, probed and carries traffic, while `plant` breaks something on the left side.
    private func violations(
        conditions: Network.Conditions = Network.Conditions(latency: 0.050...0.150),
        data: Network.Conditions = Network.Conditions(latency: 0.040...0.040),
        plant: (Host) -> Void
    ) -> Set<String> {
        var sites = TwoSites()
        sites.change { connection in
            connection.livenessDelay = .seconds(30)
            connection.children[0].lifetime = Lifetime(rekey: .seconds(20), jitter: .seconds(10), hard: nil)
        }
        var settings = Settings()
        settings.exportsKeys = true
        let pair = Pair(sites, conditions: conditions, settings: settings)
        let network = pair.network
        network.dataConditions = data
        network.properties = allProperties()
        network.expectations.losesNoPacket = true
        network.expectations.grace = .seconds(120)
        plant(pair.left)
        pair.up()
        let end = network.now + .seconds(100)
        for flow in [
            network.flow(from: pair.left, "10.1.0.1", to: pair.right, "10.2.0.1"),
            network.flow(from: pair.right, "10.2.0.1", to: pair.left, "10.1.0.1"),
        ] {
            network.start(flow, every: .milliseconds(20), until: end)
        }
        network.run(until: end + .seconds(300))
        network.settle(within: .seconds(300))
        return Set(network.violations.map(\.property))
    }

    @Test func aSoundConnectionViolatesNothing() {
        #expect(violations { _ in } == [])
    }

    @Test(arguments: [
        (DataPlaneFault.keepsSendingOnTheOldSA, "no-loss-while-rekeying"),
        (.sendsTooEarly, "no-loss-while-rekeying"),
        (.stopsAcceptingTooEarly, "no-loss-while-rekeying"),
        (.neverRemoves, "twins"),
        (.swapsKeys, "keys-agree"),
        (.usesOneKeyForAll, "keys-agree"),
        (.repeatsSequenceNumbers, "sequence-once"),
    ])
    func aFaultOfTheDataPlaneIsNoticed(_ fault: DataPlaneFault, _ property: String) {
        #expect(violations { $0.dataPlane.faults = [fault] }.contains(property))
    }

    @Test func aReplayThatIsAcceptedIsNoticed() {
        let data = Network.Conditions(duplication: 0.1, latency: 0.040...0.040)
        #expect(violations(data: data) { $0.dataPlane.faults = [.deliversReplays] }.contains("delivered-once"))
        #expect(violations(data: data) { _ in } == [])
    }

    @Test func aCommandWhoseEndIsLostIsNoticed() {
        #expect(violations { $0.fault = MessageFault(.losesOutcomes) }.contains("commands-end"))
    }

    @Test(arguments: [
        (MessageFault.Kind.changesRepeatedRequests, "identical-octets"),
        (.answersAnew, "identical-octets"),
        (.goesBackInMessageIDs, "identical-octets"),
        (.skipsMessageIDs, "message-ids"),
        (.repeatsIVs, "iv-once"),
        (.forgetsToInstall, "no-loss-while-rekeying"),
    ])
    func aHostThatMishandlesItsEngineIsNoticed(_ fault: MessageFault.Kind, _ property: String) {
        // Requests must be repeated for some of the faults to show.
        let conditions = Network.Conditions(loss: 0.2, duplication: 0.2, latency: 0.050...0.150)
        let found = violations(conditions: conditions) { $0.fault = MessageFault(fault) }
        #expect(found.contains(property))
    }
}
