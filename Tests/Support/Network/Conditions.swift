package import IKECore
import Inet

extension Network {
    /// What the network does to a datagram.
    package struct Conditions: Hashable, Sendable {
        /// The chance that it is lost.
        package var loss = 0.0
        /// The chance that it arrives twice.
        package var duplication = 0.0
        /// The chance that one of its bits arrives changed.
        package var corruption = 0.0
        /// How long it travels, in seconds; a range puts datagrams out of order.
        package var latency: ClosedRange<Double> = 0.010...0.010

        package init(
            loss: Double = 0,
            duplication: Double = 0,
            corruption: Double = 0,
            latency: ClosedRange<Double> = 0.010...0.010
        ) {
            self.loss = loss
            self.duplication = duplication
            self.corruption = corruption
            self.latency = latency
        }

        /// Whether all that is sent arrives as it was.
        package var isLossless: Bool { loss == 0 && corruption == 0 }
    }

    /// A datagram on its way, as a test may look at it or change it.
    package struct Transit {
        package var datagram: Datagram
        package let sender: String
    }

    /// What travels, with its outer addresses as the wire shows them at this moment.
    struct Parcel {
        enum Content {
            case ike([UInt8])
            case esp(ESPPacket)
            /// The single octet that keeps a NAT's mapping.
            case keepalive
        }

        var source: SocketAddress
        var destination: SocketAddress
        var content: Content

        /// ESP without UDP has no ports, so no NAT can tell whose it is.
        var hasPorts: Bool {
            guard case .esp(let packet) = content else { return true }
            return packet.usesUDP
        }
    }
}

/// A time in which nothing gets through, and what it stops.
struct Outage {
    enum Scope {
        /// All of a host's datagrams.
        case host(IPAddress)
        /// What goes between two outer addresses.
        case path(IPAddress, IPAddress)
    }

    let scope: Scope
    let until: Instant

    func stops(_ parcel: Network.Parcel) -> Bool {
        let ends = (parcel.source.address, parcel.destination.address)
        return switch scope {
        case .host(let address): ends.0 == address || ends.1 == address
        case .path(let one, let other): ends == (one, other) || ends == (other, one)
        }
    }
}
