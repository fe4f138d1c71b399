import VICI

/// A connection to the daemon whose errors are those that end a command.
struct DaemonConnection: ~Copyable {
    private var client: VICIClient

    /// Connects to the socket that the command line or the environment names.
    init(for invocation: Invocation) throws(Failure) {
        do throws(VICIClientError) {
            client = try VICIClient(path: invocation.socketPath)
        } catch {
            throw .daemon(error)
        }
    }

    /// Sends a command and returns its answer, whatever it says.
    @discardableResult
    mutating func call(
        _ command: String,
        _ message: VICIMessage = [:],
        timeout: Duration? = nil,
        events: [String] = [],
        onEvent: (_ name: String, _ message: VICIMessage) -> Void = { _, _ in }
    ) throws(Failure) -> VICIMessage {
        do throws(VICIClientError) {
            return try client.call(command, message, timeout: timeout, events: events, onEvent: onEvent)
        } catch {
            throw .daemon(error)
        }
    }

    /// Hands over events until the connection ends.
    mutating func listen(to event: String, onEvent: (VICIMessage) -> Void) throws(Failure) {
        try listen(
            to: event,
            until: { message in
                onEvent(message)
                return true
            }
        )
    }

    /// Hands over events until `onEvent` returns false or the connection ends.
    mutating func listen(to event: String, until onEvent: (VICIMessage) -> Bool) throws(Failure) {
        do throws(VICIClientError) {
            try client.listen(to: [event]) { _, message in onEvent(message) }
        } catch {
            throw .daemon(error)
        }
    }
}

extension VICIMessage {
    /// Why the daemon refused, when the answer says that it did.
    var refusal: String? {
        flag("success") ? nil : self["errmsg"] ?? "the daemon does not say why"
    }
}
