import IKECore
import Testing

@testable import Daemon

@Suite struct TrapsTests {
    private let net = ChildName(connection: "site", child: "net")

    private func trap(_ name: ChildName, isConfigured: Bool = true) -> Traps.Trap {
        Traps.Trap(name: name, local: [], remote: [], isConfigured: isConfigured)
    }

    @Test func aTrapThatIsSetAgainIsReplacedInItsPlace() {
        var traps = Traps()
        traps.set(trap(net))
        traps.set(trap(ChildName(connection: "site", child: "dmz")))
        traps.set(trap(net, isConfigured: false))
        #expect(traps.standing.map(\.name.description) == ["site/net", "site/dmz"])
        #expect(traps.standing.map(\.isConfigured) == [false, true])
        #expect(traps.contains(net))
        let removals = [traps.remove(net), traps.remove(net)]
        #expect(removals == [true, false])
        #expect(!traps.contains(net))
    }

    @Test func theEndOfANegotiationIsToldToItsTrapOnce() {
        var traps = Traps()
        traps.began(CommandID(rawValue: 7), for: net)
        let ended = [8, 7, 7].map { traps.ended(CommandID(rawValue: $0)) }
        #expect(ended == [nil, net, nil])
    }
}
