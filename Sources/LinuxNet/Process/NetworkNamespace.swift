import CLinux

/// A network of its own for one thread (network_namespaces(7)).
package enum NetworkNamespace {
    /// Moves the calling thread into a new network namespace without routes and with its loopback interface down.
    /// Sockets that the thread opens from now on, and threads that it starts, belong there; the rest of the process
    /// keeps its network. The namespace is gone with its last thread and socket.
    ///
    /// Whole gateways can so meet inside one process, which is how the tests use it. Needs CAP_SYS_ADMIN.
    package static func enterNew() throws(Errno) {
        try checked("unshare network") { clinux_unshare_network() }
    }
}
