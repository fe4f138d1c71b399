/// What an engine does wrong on purpose, after Libreswan's `impair`: tests plant these faults in order to show that somebody
/// notices. Nothing but a test sets any; what they break is the logic of the engine itself, at the place that is named.
package struct Impairments: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Of two SAs that simultaneous rekeyings make, ours always stays (RFC 7296 section 2.8.1).
    package static let ignoresTheLowestNonce = Impairments(rawValue: 1 << 0)
    /// A repeated request is processed again (RFC 7296 section 2.1).
    package static let cachesNoAnswer = Impairments(rawValue: 1 << 1)
    /// The successor of a CHILD SA is offered with the SPI of the old one.
    package static let reusesTheOldSPI = Impairments(rawValue: 1 << 2)
    /// Who rekeyed a CHILD SA does not delete the old one (RFC 7296 section 2.8).
    package static let keepsWhatItReplaced = Impairments(rawValue: 1 << 3)
    /// Who answers a rekeying sends on the new CHILD SA at once, while the peer does not accept on it yet.
    package static let sendsBeforeThePeerAccepts = Impairments(rawValue: 1 << 4)
    /// The new IKE SA does not take over the CHILD SAs.
    package static let leavesChildrenBehind = Impairments(rawValue: 1 << 5)
    /// The IKE SA is rekeyed under an exchange about a CHILD SA (RFC 7296 section 2.25.1).
    package static let rekeysUnderChildExchanges = Impairments(rawValue: 1 << 6)
    /// A rekeying that has succeeded does not end the command that asked for it.
    package static let forgetsCommands = Impairments(rawValue: 1 << 7)

    /// All of them by name.
    package static let all: [(name: String, impairment: Impairments)] = [
        ("ignoresTheLowestNonce", .ignoresTheLowestNonce), ("cachesNoAnswer", .cachesNoAnswer),
        ("reusesTheOldSPI", .reusesTheOldSPI), ("keepsWhatItReplaced", .keepsWhatItReplaced),
        ("sendsBeforeThePeerAccepts", .sendsBeforeThePeerAccepts), ("leavesChildrenBehind", .leavesChildrenBehind),
        ("rekeysUnderChildExchanges", .rekeysUnderChildExchanges), ("forgetsCommands", .forgetsCommands),
    ]
}

extension Turn {
    func isImpaired(_ impairment: Impairments) -> Bool { settings.impairments.contains(impairment) }
}
