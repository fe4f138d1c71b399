package import IKECore

/// Who gives commands to an engine, and hears how they end.
package protocol CommandGiver {
    var outcomes: [CommandID: CommandOutcome] { get }
}

extension CommandGiver {
    /// The failure of a command, if it has failed.
    package func failure(of id: CommandID) -> NegotiationFailure? {
        guard case .failed(let failure)? = outcomes[id] else { return nil }
        return failure
    }

    package func succeeded(_ id: CommandID) -> Bool {
        guard case .done? = outcomes[id] else { return false }
        return true
    }
}
