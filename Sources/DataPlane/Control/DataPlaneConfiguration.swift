package import Inet

/// How the data plane meets the network.
package struct DataPlaneConfiguration: Sendable {
    /// Where the sockets are bound. An unspecified address stands for all of its family; IPv6 is left out without an
    /// error on a host that has none.
    package var addresses: [IPAddress] = [.anyV4, .anyV6]
    /// The port of IKE without NAT traversal; 0 lets the kernel choose.
    package var ikePort: UInt16 = 500
    /// The port of IKE and ESP behind NATs; 0 lets the kernel choose.
    package var natPort: UInt16 = 4500
    /// Whether ESP may also travel as IP protocol 50, if CAP_NET_RAW is there.
    package var usesRawESP = true
    /// The firewall mark of everything that is sent, by which a routing rule keeps it out of the tunnel; 0: none.
    package var mark: UInt32 = 0
    /// How many IKE datagrams wait for the control plane at most, requests for new IKE SAs and others counted apart; further
    /// ones are lost and counted.
    package var ikeCapacity = 1024

    package var offloads = Offloads()
    /// The processors that the workers run on, one each, in turn: the first that opens, the first that seals, the second that
    /// opens and so on. Empty: the kernel decides.
    package var processors: [Int] = []

    package init() {}

    /// Which of the kernel's short cuts for many packets at once are used, where the kernel has them.
    package struct Offloads: Hashable, Sendable {
        /// Merge the packets that come out of tunnels for the device. Super-packets out of the device are taken apart whenever it
        /// yields them.
        package var mergesForDevice = true
        /// Have the kernel cut up many sealed packets at once (UDP_SEGMENT).
        package var joinsSends = true
        /// Receive many ESP packets at once (UDP_GRO).
        package var mergesReceived = true

        package init() {}
    }
}
