package import Inet

/// Who wants in, and where: what requests for one user say about this host (RFC 2865 section 5), as strongSwan says it.
package struct AccessSession: Sendable {
    /// What this host is called, `NAS-Identifier`.
    package let nasIdentifier: String
    /// The number of the user's port: the id of the IKE SA.
    package let port: UInt32
    /// The name of the port: the connection's.
    package let portName: String
    /// This host's end.
    package let local: SocketAddress
    /// The user's end.
    package let remote: SocketAddress

    package init(nasIdentifier: String, port: UInt32, portName: String, local: SocketAddress, remote: SocketAddress) {
        self.nasIdentifier = nasIdentifier
        self.port = port
        self.portName = portName
        self.local = local
        self.remote = remote
    }

    /// `NAS-Port-Type` for a port that is no piece of hardware.
    private static let virtual: UInt32 = 5
    /// `Service-Type` of a user who gets an address and sends packets.
    private static let framed: UInt32 = 2

    package var attributes: [Attribute] {
        [
            Attribute(.nasIdentifier, text: nasIdentifier),
            Attribute(local.address.family == .v4 ? .nasIPAddress : .nasIPv6Address, local.address.bytes),
            Attribute(.nasPortType, number: Self.virtual),
            Attribute(.nasPort, number: port),
            Attribute(.nasPortID, text: portName),
            Attribute(.serviceType, number: Self.framed),
            Attribute(.calledStationID, text: Self.station(local)),
            Attribute(.callingStationID, text: Self.station(remote)),
        ]
    }

    private static func station(_ address: SocketAddress) -> String { "\(address.address)[\(address.port)]" }
}
