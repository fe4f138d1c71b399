package import IKEWire
package import Inet

/// Whom to ask for names inside the tunnel, as the peer says (RFC 7296 section 3.15.1, RFC 8598, RFC 9464).
package struct InnerDNS: Hashable, Sendable {
    package var servers: [IPAddress] = []
    /// The domains that the servers are for, in presentation form; none: all names.
    package var domains: [String] = []
    /// Resolvers that are asked over an encrypted transport; shown, not used.
    package var encrypted: [EncryptedResolver] = []
    package var digests: [ResolverDigest] = []

    package init() {}

    /// What a resolver's configuration holds; a peer's list may be as long as a payload.
    private static let mostServers = 8
    private static let mostDomains = 64

    init(_ attributes: [ConfigurationAttribute]) {
        for attribute in attributes {
            switch attribute.type {
            case .internalIP4DNS, .internalIP6DNS:
                let length = attribute.type == .internalIP4DNS ? 4 : 16
                guard attribute.value.count == length, let server = IPAddress(bytes: attribute.value),
                    !server.isUnspecified, !server.isMulticast, !servers.contains(server),
                    servers.count < Self.mostServers
                else { continue }
                servers.append(server)
            case .internalDNSDomain:
                guard let domain = DomainName.text(attribute.value), !domains.contains(domain),
                    domains.count < Self.mostDomains
                else { continue }
                domains.append(domain)
            case .encryptedDNSIP4, .encryptedDNSIP6:
                if let resolver = EncryptedResolver(attribute), encrypted.count < Self.mostServers {
                    encrypted.append(resolver)
                }
            case .encryptedDNSDigestInfo:
                if let digest = ResolverDigest(attribute), digests.count < Self.mostServers { digests.append(digest) }
            default: continue
            }
        }
    }

    /// What to ask for: servers of the families of the addresses that are asked for, and the domains that they are for.
    static func wishes(_ wanted: [IPAddress]) -> [ConfigurationAttribute] {
        wanted.map { ConfigurationAttribute($0.family == .v4 ? .internalIP4DNS : .internalIP6DNS) }
            + [ConfigurationAttribute(.internalDNSDomain)]
    }

    package var isEmpty: Bool { servers.isEmpty && encrypted.isEmpty }

    /// For the log; nothing where nothing was said.
    var words: String {
        var parts: [String] = []
        if !servers.isEmpty {
            let names = domains.isEmpty ? "" : " for \(domains.joined(separator: ", "))"
            parts.append("DNS \(servers.map(\.description).joined(separator: ", "))\(names)")
        }
        if !encrypted.isEmpty {
            let pinned = digests.isEmpty ? "" : " with \(digests.count) key digests"
            parts.append("encrypted DNS \(encrypted.map(\.description).joined(separator: "; "))\(pinned)")
        }
        return parts.map { ", \($0)" }.joined()
    }
}
