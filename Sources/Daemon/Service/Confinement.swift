import LinuxNet

/// What the daemon gives up for good, so that a fault in it is worth less to whoever finds it.
enum Confinement {
    /// For the device, routes and marks; ESP outside of UDP; ports 500 and 4500.
    private static let forStarting: [Capability] = [.netAdmin, .netRaw, .netBindService]
    /// For routes, rules and the marks of sockets that ask for a path's MTU. Raw sockets and low ports are open by then.
    private static let forRunning: [Capability] = [.netAdmin]

    /// Before anything is opened and any thread is started: whatever root has besides goes.
    static func begin() throws(Errno) { try Capability.keepOnly(forStarting) }

    /// When everything is open. Threads that run already keep what `begin` left them, with which the filter lets them do no
    /// more than with CAP_NET_ADMIN: neither a raw socket nor another capability is to be had.
    static func complete() throws(Errno) {
        try Capability.keepOnly(forRunning)
        try SystemCallFilter.install(.process)
    }
}
