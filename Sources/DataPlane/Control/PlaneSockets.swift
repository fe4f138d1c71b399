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

/// The sockets of one worker; the control plane sends through those of the first.
///
/// Those for ESP are the worker's own, so that several receive at a time; the places in `all` are the same with every worker.
/// Sending is atomic in the kernel.
struct PlaneSockets: Sendable {
    private(set) var all: [PlaneSocket] = []

    /// Opens the sockets of all workers; an error names the port and what to change.
    static func open(_ configuration: DataPlaneConfiguration, workers: Int) throws(Errno) -> [PlaneSockets] {
        let settings = SocketSettings(mark: configuration.mark)
        var natSettings = settings
        natSettings.mergesReceived = configuration.offloads.mergesReceived
        natSettings.isShared = workers > 1
        var sockets = [PlaneSockets](repeating: PlaneSockets(), count: workers)
        for address in configuration.addresses {
            let ike = SocketAddress(address: address, port: configuration.ikePort)
            var nat = SocketAddress(address: address, port: configuration.natPort)
            do {
                let first = PlaneSocket(role: .ike, try .udp(bindingTo: ike, settings: settings))
                for index in sockets.indices {
                    let own = PlaneSocket(role: .natTraversal, try .udp(bindingTo: nat, settings: natSettings))
                    nat.port = own.socket.local.port
                    sockets[index].all += [first, own]
                    guard configuration.usesRawESP, let raw = try rawESP(address, settings) else { continue }
                    // Without the filter each worker would open all packets, and find them received already.
                    if workers > 1 { try raw.socket.takeSPIs(index, of: workers) }
                    sockets[index].all.append(raw)
                }
                // A kernel that cannot do it spreads the peers.
                if workers > 1 {
                    try? sockets[0].all.last { $0.role == .natTraversal }?.socket.spreadBySPI(over: workers)
                }
            } catch let error where error.code == EAFNOSUPPORT && address == .anyV6 {
                continue
            }
        }
        return sockets
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
