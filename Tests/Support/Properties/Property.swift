package import IKECore

/// Something that must hold at every moment of a run. One small type for each, which conforms to what it looks on.
package protocol Property: AnyObject {
    /// What a violation is reported under.
    static var name: String { get }
    /// The run is over, and everything has had the time to come to rest.
    func finish(_ network: Network) -> String?
}

extension Property {
    package func finish(_ network: Network) -> String? { nil }
}

/// Looks on what is asked of the hosts, and what they do because their engines say so.
package protocol EngineProperty: Property {
    /// Something happened; what is wrong with it, or nil.
    func observe(_ happening: Happening, in network: Network) -> String?
}

/// Looks on user packets.
package protocol PacketProperty: Property {
    /// Something became of a packet; what is wrong with it, or nil.
    func observe(_ fate: PacketFate, in network: Network) -> String?
}

/// Looks on the state of engines and data planes.
package protocol StateProperty: Property {
    /// A step is over in which an engine was called; what is wrong with the network as it is now, or nil.
    func check(_ network: Network) -> String?
}

/// What happens between a host and its engine.
package enum Happening {
    case commanded(CommandID, Command, Host)
    case event(Event, Host)
    case sent(SentMessage, Host)
    case restarted(Host)
}

/// What becomes of a user packet.
package enum PacketFate {
    case sealed(ESPPacket, Host)
    /// A user packet for which its sender has no CHILD SA.
    case unsendable(Flow)
    case delivered(ESPPacket, Host)
    /// A packet that arrived and could not be accepted; what the network itself loses does not count.
    case lost(ESPPacket, String)
}

/// A property that did not hold.
package struct Violation: Sendable, CustomStringConvertible {
    package let property: String
    package let at: Instant
    package let story: String

    package var description: String { "\(Journal.clock(at)) \(property): \(story)" }
}

/// What the conditions of a run allow to be taken for granted.
package struct Expectations: Sendable {
    /// No SA ends but by being rekeyed, unless a peer was given up because the network lost too much.
    package var keepsEverySA = false
    /// The data path itself loses nothing, and nothing but rekeying happens: no user packet may be lost.
    package var losesNoPacket = false
    /// There are no reasons for more than one SA of a kind between two hosts at the end.
    package var endsWithOneOfEach = false
    /// How long one side may have a CHILD SA that the other has not.
    package var grace: Duration = .seconds(600)
    /// The most IKE SAs, ended ones among them, and ESP SPIs that an engine may hold at a time.
    package var mostIKESAs = 64
    package var mostESPSPIs = 64

    package init() {}
}

/// Every property that is known, new for each run.
package func allProperties() -> [any Property] {
    [
        KeysAgree(), EverySAHasItsTwin(), MessageIDsNeverRegress(), RepeatedMessagesAreIdentical(), IVsAreUsedOnce(),
        SequenceNumbersAreUsedOnce(), PacketsAreDeliveredOnce(), RekeyingLosesNoPacket(), RekeyingClosesNothing(),
        StateIsBounded(), CommandsEnd(), EverythingComesToRest(),
    ]
}
