/// Servers that EAP is left to, and accounting: the section `iked.radius`. Its names are those of strongSwan's plugin eap-radius.
package struct RADIUSConfiguration: Hashable, Sendable {
    /// `nas_identifier`: what this host calls itself.
    package let nasIdentifier: String
    /// `accounting`: whether the servers are told who uses what.
    package let accounting: Bool
    /// `accounting_interval`: how often they are told while an SA lives, unless they say so themselves; zero for never.
    package let accountingInterval: Duration
    /// `retransmit_timeout`: how long a request waits for its answer before it is sent again.
    package let retransmitTimeout: Duration
    /// `retransmit_base`: the factor by which each wait is longer than the one before; at least 1.
    package let retransmitBase: Double
    /// `retransmit_tries`: how many times a request is sent again before its server counts as dead.
    package let retransmitTries: Int
    /// `dead_time`: how long a dead server is asked only when no other is left, and then by one login at a time.
    package let deadTime: Duration
    /// The preferred first; never empty.
    package let servers: [Server]

    /// A section of `iked.radius.servers`.
    package struct Server: Hashable, Sendable {
        /// The section's name.
        package let name: String
        /// `address`: a single address or a host name.
        package let host: HostPattern
        /// `auth_port`: where it authenticates.
        package let authPort: UInt16
        /// `acct_port`: where it keeps account.
        package let acctPort: UInt16
        /// `secret`: what it and this host share; never empty.
        package let secret: ConcealedBytes
        /// `preference`: servers with a higher one are asked first.
        package let preference: Int
    }

    /// Reads the section.
    init(section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .radius, path: "iked.radius")
        nasIdentifier = try Self.identifier(reader) ?? "iked"
        accounting = try reader.boolean("accounting") ?? false
        accountingInterval = try reader.duration("accounting_interval") ?? .zero
        retransmitTimeout = try Self.timeout(reader) ?? .seconds(2)
        retransmitBase = try Self.base(reader) ?? 1.4
        retransmitTries = try reader.integer("retransmit_tries", in: 0...20) ?? 3
        deadTime = try reader.duration("dead_time") ?? .seconds(60)
        servers = try Self.servers(section, reader)
        try checkRetransmission(reader)
    }
}

// MARK: - Reading

extension RADIUSConfiguration {
    /// The longest wait for an answer that is meant: whoever authenticates is gone long before.
    private static let longestWait = 600.0
    /// What fits into an attribute (RFC 2865 section 5).
    private static let longestIdentifier = 253

    private static func identifier(_ reader: SectionReader) throws(ConfigurationError) -> String? {
        try reader.read("nas_identifier", "1 to \(longestIdentifier) octets of text") { text in
            (1...longestIdentifier).contains(text.utf8.count) ? text : nil
        }
    }

    private static func timeout(_ reader: SectionReader) throws(ConfigurationError) -> Duration? {
        try reader.read("retransmit_timeout", "seconds, at least `0.1`") { text in
            Scalars.preciseDuration(text).flatMap { $0 >= .milliseconds(100) ? $0 : nil }
        }
    }

    private static func base(_ reader: SectionReader) throws(ConfigurationError) -> Double? {
        try reader.read("retransmit_base", "a factor from `1.0` to `10.0`") { text in
            Scalars.decimal(text).flatMap { (1.0...10.0).contains($0) ? $0 : nil }
        }
    }

    private func checkRetransmission(_ reader: SectionReader) throws(ConfigurationError) {
        var wait = retransmitTimeout / .seconds(1)
        for _ in 0..<retransmitTries { wait *= retransmitBase }
        guard wait > Self.longestWait else { return }
        throw reader.failure("with these retransmissions the last wait for a RADIUS server is longer than ten minutes")
    }

    private static func servers(
        _ section: Section,
        _ reader: SectionReader
    ) throws(ConfigurationError) -> [Server] {
        let list = section.section("servers")
        if let list, let stray = list.settings.first {
            throw ConfigurationError(
                at: SourcePlace(stray.location, path: "iked.radius.servers.\(stray.key)"),
                "`\(stray.key)` must stand within a named section, as in `servers { example { \(stray.key) = ... } }`"
            )
        }
        var servers: [Server] = []
        for part in list?.sections ?? [] { servers.append(try Server(section: part)) }
        guard !servers.isEmpty else {
            throw reader.failure("`radius` names no server: `servers { example { address = ..., secret = ... } }`")
        }
        // Those of one preference keep the order of the file.
        return servers.enumerated()
            .sorted { ($1.element.preference, $0.offset) < ($0.element.preference, $1.offset) }
            .map(\.element)
    }
}

extension RADIUSConfiguration.Server {
    fileprivate init(section: Section) throws(ConfigurationError) {
        name = section.name
        let reader = try SectionReader(section, as: .radiusServer, path: "iked.radius.servers.\(section.name)")
        host = try Self.host(reader)
        authPort = try reader.integer("auth_port", in: 1...UInt16.max) ?? 1812
        acctPort = try reader.integer("acct_port", in: 1...UInt16.max) ?? 1813
        secret = try Self.secret(reader)
        preference = try reader.integer("preference", in: 0...1000) ?? 0
    }

    private static func host(_ reader: SectionReader) throws(ConfigurationError) -> HostPattern {
        guard let value = try reader.value("address") else {
            throw reader.failure("the RADIUS server `\(reader.section.name)` has no `address = ...`")
        }
        let host = try HostPattern(value)
        guard host.address != nil || host.name != nil else {
            throw value.unexpected("one address or a host name")
        }
        return host
    }

    private static func secret(_ reader: SectionReader) throws(ConfigurationError) -> ConcealedBytes {
        guard let value = try reader.value("secret") else {
            throw reader.failure("the RADIUS server `\(reader.section.name)` has no `secret = ...`")
        }
        // The text of a secret must not get into a message.
        guard let secret = SecretText.decode(value.text) else {
            throw value.failure("behind `0x` `secret` takes pairs of hexadecimal digits, behind `0s` it takes Base64")
        }
        guard !secret.isEmpty else { throw value.failure("`secret` is empty") }
        return ConcealedBytes(secret)
    }
}
