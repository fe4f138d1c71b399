import IKEWire

// Ending a negotiation of ours that nobody wants any more, so that nothing of it is left at the peer (RFC 7296 section 1.4.1).
//
// Before our last proof is on its way the peer has nothing that it would keep, and the SA is forgotten. After that it may let us in
// at any moment: its answer is waited for.
//
//     IDi, AUTH, ...  -->
//                           somebody asks to end it
//                     <--   IDr, AUTH, ...               a refusal ends it as well, and there is nothing to delete
//     Delete          -->
//                     <--   empty
//
// Whether the peer proves itself does not matter any more: whoever holds the keys may hear that nobody is here.

extension IKESA {
    /// How long the peer may take for its answer to IKE_AUTH, and again for that to the Delete: somebody waits for the end.
    static let withdrawalPatience: Duration = .seconds(10)

    /// Waits for what the peer says to IKE_AUTH only to delete what it has made.
    var isWithdrawing: Bool { stage == .withdrawing }

    /// Ends an SA that does not stand yet.
    ///
    /// - Parameters:
    ///   - command: ends when the peer keeps nothing of it, or does not answer.
    ///   - failure: what those learn who wait for it to stand.
    func withdraw(
        for command: CommandID? = nil,
        because failure: NegotiationFailure = NegotiationFailure(.closed, "the negotiation was given up, as asked"),
        _ turn: Turn
    ) {
        if case .withdrawing(let exchange, let commands, let until) = state {
            state = .withdrawing(exchange, commands + [command].compactMap { $0 }, until: until)
        } else if let exchange = exchangeWithLastProof {
            noteFailure(failure, turn)
            let waiting = waitingCommands
            log(.info, "\(failure.message); the peer may let us in yet, and its answer is waited for", turn)
            leave(exchange, command, turn)
            for command in waiting { turn.finish(command, failure) }
        } else {
            close(failure, turn)
            turn.finish(command)
        }
    }

    /// Another negotiation takes the place of this one, with all that was wanted of it.
    func giveWay(_ turn: Turn) {
        if let exchange = exchangeWithLastProof {
            leave(exchange, nil, turn)
        } else {
            abandonOngoing(turn)
            window.closeAll()
            state = .closed(nil, until: turn.now)
        }
    }

    /// Another negotiation has begun. Sent again, the request of this one might arrive after it, and its INITIAL_CONTACT would end
    /// what that has brought about.
    func fallSilent() { window.fallSilent(.ikeAuth) }

    /// IKE_AUTH, where the peer may let us in without hearing more.
    private var exchangeWithLastProof: AuthInitiator? {
        guard case .authenticating(let exchange, _) = state, exchange.mayBeLetIn else { return nil }
        return exchange
    }

    private func leave(_ exchange: AuthInitiator, _ command: CommandID?, _ turn: Turn) {
        abandonOngoing(turn)
        let commands = [command].compactMap { $0 }
        guard exchange.held == nil else { return deleteUnwanted(exchange, commands, turn) }
        state = .withdrawing(exchange, commands, until: turn.now + Self.withdrawalPatience)
    }

    // MARK: - The answer

    /// The peer has answered IKE_AUTH, or the Delete after that.
    func processUnwanted(
        _ exchangeType: ExchangeType,
        _ payloads: [Payload],
        _ exchange: AuthInitiator,
        _ commands: [CommandID],
        _ turn: Turn
    ) {
        guard exchangeType == .ikeAuth else {
            log(.debug, "the peer confirms the deletion of the IKE SA", turn)
            return endWithdrawal(exchange, commands, turn)
        }
        if let objection = exchange.objection(in: payloads) {
            log(.info, "the peer does not let us in anyway (\(objection.type))", turn)
            return endWithdrawal(exchange, commands, turn)
        }
        deleteUnwanted(exchange, commands, turn)
    }

    private func deleteUnwanted(_ exchange: AuthInitiator, _ commands: [CommandID], _ turn: Turn) {
        log(.info, "the peer has let us in, but nobody wants it any more: deleting the IKE SA", turn)
        state = .withdrawing(exchange, commands, until: turn.now + Self.withdrawalPatience)
        request(.informational, [Payload(.delete(.ike))], turn)
    }

    /// The peer does not answer in time.
    func giveUpWithdrawal(_ exchange: AuthInitiator, _ commands: [CommandID], _ turn: Turn) {
        log(.warning, "the peer does not answer: if it has let us in, it will find out that nobody is here", turn)
        window.closeAll()
        endWithdrawal(exchange, commands, turn)
    }

    private func endWithdrawal(_ exchange: AuthInitiator, _ commands: [CommandID], _ turn: Turn) {
        state = .closed(exchange.agreement.security, until: turn.now + Self.lingering)
        for command in commands { turn.finish(command) }
    }
}
