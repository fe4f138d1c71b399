/// An address and a UDP port: one end of an IKE conversation.
package struct SocketAddress: Hashable, Sendable {
    package var address: IPAddress
    /// The port in host order.
    package var port: UInt16

    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension SocketAddress: CustomStringConvertible {
    /// "192.0.2.1:500" or "[2001:db8::1]:500" (RFC 5952 section 6).
    package var description: String {
        switch address.family {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }
}
