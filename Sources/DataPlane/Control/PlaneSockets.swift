import Glibc
import Inet
import LinuxNet

/// One socket of the data plane and what it is for.
final class PlaneSocket: Sendable {
    enum Role: Sendable {
        /// IKE alone.
        case ike
        /// IKE behind the non-ESP marker, ESP and keepalives (RFC 3948).
        case natTraversal
        /// IP protocol 50.
        case rawESP
    }

    let role: Role
    let socket: DatagramSocket

    init(role: Role, _ socket: consuming DatagramSocket) {
        self.role = role
        self.socket = socket
    }

    /// Whether a datagram of this role may leave from `local`. The port counts for UDP only.
    func serves(_ role: Role, _ local: SocketAddress) -> Bool {
        self.role == role && socket.family == local.address.family
            && (role == .rawESP || socket.local.port == local.port)
            && (socket.local.address == local.address || socket.local.address.isUnspecified)
    }
}

/// All sockets, which workers and control plane share: one worker receives; the other one and the control plane send. Sending is
/// atomic in the kernel.
final class PlaneSockets: Sendable {
    let all: [PlaneSocket]

    /// Opens the sockets; an error names the port and what to change.
    init(_ configuration: DataPlaneConfiguration) throws(Errno) {
        let settings = SocketSettings(mark: configuration.mark)
        var natSettings = settings
        natSettings.mergesReceived = configuration.offloads.mergesReceived
        var all: [PlaneSocket] = []
        for address in configuration.addresses {
            let ike = SocketAddress(address: address, port: configuration.ikePort)
            let nat = SocketAddress(address: address, port: configuration.natPort)
            do {
                all.append(PlaneSocket(role: .ike, try .udp(bindingTo: ike, settings: settings)))
                all.append(PlaneSocket(role: .natTraversal, try .udp(bindingTo: nat, settings: natSettings)))
                if configuration.usesRawESP, let raw = try Self.rawESP(address, settings) { all.append(raw) }
            } catch let error where error.code == EAFNOSUPPORT && address == .anyV6 {
                continue
            }
        }
        self.all = all
    }

    /// Nil without CAP_NET_RAW, which is no error: ESP goes in UDP then.
    private static func rawESP(_ address: IPAddress, _ settings: SocketSettings) throws(Errno) -> PlaneSocket? {
        do {
            return PlaneSocket(role: .rawESP, try .rawESP(bindingTo: address, settings: settings))
        } catch let error where error.code == EPERM {
            return nil
        }
    }

    /// Whether ESP can go outside of UDP.
    var carriesRawESP: Bool { all.contains { $0.role == .rawESP } }

    /// The socket from which a datagram with this local address leaves.
    func index(_ role: PlaneSocket.Role, local: SocketAddress) -> Int? {
        all.firstIndex { $0.serves(role, local) }
    }

    /// Where UDP of a role is bound.
    func bound(_ role: PlaneSocket.Role) -> [SocketAddress] {
        all.filter { $0.role == role }.map { $0.socket.local }
    }
}
