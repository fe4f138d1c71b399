package import Inet

/// Where a server waits for its clients: `127.0.0.1:9500`, `[::1]:9500` or `unix:/run/iked/metrics.sock`.
package enum ListenAddress: Hashable, Sendable {
    case tcp(SocketAddress)
    case unix(path: String)

    /// Nil for what is neither.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/") else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        // Brackets keep the colons of an IPv6 address apart from the one before the port (RFC 3986 section 3.2.2).
        guard let address = IPAddress(String(host)), isBracketed == (address.family == .v6) else { return nil }
        self = .tcp(SocketAddress(address: address, port: port))
    }
}

extension ListenAddress: CustomStringConvertible {
    /// As it is written in a configuration.
    package var description: String {
        switch self {
        case .tcp(let address): "\(address)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
