import IKECore
import IKEWire

/// A child of a connection, by their names.
struct ChildName: Hashable, CustomStringConvertible {
    let connection: String
    let child: String

    var description: String { "\(connection)/\(child)" }
}

/// The traps that stand, and the negotiations that packets have begun.
struct Traps {
    struct Trap {
        let name: ChildName
        let local: [TrafficSelector]
        let remote: [TrafficSelector]
        /// `start_action` wants it; else a command or the loss of an SA has set it.
        let isConfigured: Bool
    }

    /// In the order in which they were set.
    private(set) var standing: [Trap] = []
    private var acquires: [CommandID: ChildName] = [:]

    func contains(_ name: ChildName) -> Bool { standing.contains { $0.name == name } }

    mutating func set(_ trap: Trap) {
        if let index = standing.firstIndex(where: { $0.name == trap.name }) {
            standing[index] = trap
        } else {
            standing.append(trap)
        }
    }

    /// - Returns: whether there was one.
    mutating func remove(_ name: ChildName) -> Bool {
        let before = standing.count
        standing.removeAll { $0.name == name }
        return standing.count < before
    }

    /// A packet has begun this negotiation.
    mutating func began(_ command: CommandID, for name: ChildName) { acquires[command] = name }

    /// Whose packet began the negotiation that has ended; nil if none did.
    mutating func ended(_ command: CommandID) -> ChildName? { acquires.removeValue(forKey: command) }
}
