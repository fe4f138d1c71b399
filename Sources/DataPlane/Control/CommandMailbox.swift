import ESP
import IKEWire
import LinuxNet
import Synchronization

/// What the control plane asks of every inbound worker.
enum InboundCommand: Sendable {
    case install(InboundChild)
    case remove(ESPSPI)
    case stop
}

/// What the control plane asks of every outbound worker.
enum OutboundCommand: Sendable {
    case install(OutboundChild, isOwn: Bool, local: [TrafficSelector], remote: [TrafficSelector])
    case remove(ChildID)
    case setTrap(TrapID, local: [TrafficSelector], remote: [TrafficSelector])
    case removeTrap(TrapID)
    case concludeAcquire(TrapID, succeeded: Bool)
    case stop
}

/// Carries commands from the control plane to a worker, in order.
final class CommandMailbox<Command: Sendable>: Sendable {
    let bell: EventFD
    private let commands = Mutex<[Command]>([])
    /// Lets the worker pass by an empty mailbox without taking the lock, which it does before every batch.
    private let isFilled = Atomic<Bool>(false)

    init() throws(Errno) { bell = try EventFD() }

    func post(_ command: Command) {
        commands.withLock {
            $0.append(command)
            isFilled.store(true, ordering: .releasing)
        }
        bell.ring()
    }

    /// Whether something has been posted that `take` has not returned. A post that happened before a datagram was sent is
    /// seen by whoever has received that datagram.
    var hasCommands: Bool { isFilled.load(ordering: .acquiring) }

    /// All that has been posted since the last call.
    func take() -> [Command] {
        bell.clear()
        return commands.withLock { commands in
            isFilled.store(false, ordering: .relaxed)
            defer { commands = [] }
            return commands
        }
    }
}
