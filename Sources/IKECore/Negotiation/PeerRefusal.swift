import IKEWire

/// An error notify in the answer to a request, in words.
func refusal(_ notify: Notify, offered: [Proposal]) -> NegotiationFailure {
    let hint: String
    switch notify.type {
    case .noProposalChosen:
        hint = "none of our proposals suits it: \(ProposalSelection.list(offered)); its log says what it has"
    case .authenticationFailed:
        hint = "our identity or our pre-shared key is not what it expects; its log says which"
    case .tsUnacceptable:
        hint = "local_ts or remote_ts does not overlap with what it allows; its log says what it has"
    case .temporaryFailure:
        hint = "it is busy with another exchange"
    case .unexpectedNATDetected:
        hint = "there is a NAT on the way, and one of the ends does not know NAT traversal"
    case .childSANotFound:
        hint = "it has no such CHILD SA"
    case .tsMaxQueue:
        hint = "it takes no further CHILD SA for the same traffic"
    case .invalidSyntax:
        hint = "it could not read our message; its log may say what it stumbled over"
    default:
        hint = "its log may say why"
    }
    let reason: NegotiationFailure.Reason =
        switch notify.type {
        case .noProposalChosen: .noProposalChosen
        case .authenticationFailed: .authenticationFailed
        case .tsUnacceptable: .trafficSelectorsUnacceptable
        case .temporaryFailure: .temporaryFailure
        case .childSANotFound: .noSuchSA
        default: .refusedByPeer
        }
    return NegotiationFailure(reason, "the peer refused with \(notify.type): \(hint)")
}
