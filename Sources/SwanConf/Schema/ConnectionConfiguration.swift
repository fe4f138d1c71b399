package import IKEWire
package import Inet

/// How IKE SAs with a peer or a group of peers come about: a section of `connections`.
package struct ConnectionConfiguration: Hashable, Sendable {
    /// The section's name, unique among connections; never empty.
    package let name: String
    /// Where the local end may be; never empty.
    package private(set) var localAddresses: [HostPattern]
    /// Where the remote end may be; never empty.
    package private(set) var remoteAddresses: [HostPattern]
    /// The UDP port that IKE is sent from.
    package let localPort: UInt16
    /// The UDP port that IKE is sent to.
    package let remotePort: UInt16
    /// In the order of preference, numbered from 1; never empty.
    package let proposals: [Proposal]
    /// Whether ESP goes over UDP even where no NAT is found.
    package let encap: Bool
    /// Whether the SAs move when an end changes its address (RFC 4555).
    package let mobike: Bool
    /// The silence after which the peer is asked whether it lives; zero for never. Unlike swanctl's, the default is not
    /// never: a tunnel whose peer is gone helps nobody.
    package let dpdDelay: Duration
    /// The age at which the IKE SA is rekeyed; zero for never.
    package let rekeyTime: Duration
    /// The age at which the initiator authenticates again; zero for never.
    package let reauthTime: Duration
    /// How long after `rekeyTime` or `reauthTime` an IKE SA that could not be renewed is closed; zero for never. Nil: not
    /// said, and it is closed a day after it was made, or a tenth of `reauthTime` after that.
    package let overTime: Duration?
    /// A random time up to this is taken off `rekeyTime` and `reauthTime`, so that the ends do not rekey at once.
    /// Less than the longer of them unless both are zero.
    package let randTime: Duration
    /// How often a negotiation is begun; zero for until it succeeds, which is the default where a child is meant to be up.
    package let keyingtries: UInt32
    /// Whether long messages are sent in fragments.
    package let fragmentation: Fragmentation
    /// What becomes of further IKE SAs of the same peer.
    package let unique: Uniqueness
    /// When this end's certificate goes to the peer.
    package let sendCert: CertificateSending
    /// Whether the peer is told whose certificates are trusted.
    package let sendCertreq: Bool
    package let ocsp: OCSPUse
    /// Addresses that the peer is asked for, the unspecified one of a family for any; at most one of each family.
    package let vips: [IPAddress]
    /// Names of the pools that the peer gets addresses from.
    package let pools: [String]
    /// How this end proves who it is.
    package let local: AuthenticationConfiguration
    /// How the peer must.
    package let remote: AuthenticationConfiguration
    /// What this end proves after that, and the peer, in the order of the rounds (RFC 4739).
    package let laterLocal: [AuthenticationConfiguration]
    package let laterRemote: [AuthenticationConfiguration]
    /// May be empty: then only the IKE SA is made.
    package let children: [ChildConfiguration]

    /// Whether OCSP responses go along with certificates (RFC 4806).
    package enum OCSPUse: Hashable, Sendable {
        case never
        /// What a responder says of our certificate is kept at hand, for peers that ask for it.
        case reply
        /// The peer is asked for what a responder says of its certificate.
        case request
        case both

        package var replies: Bool { self == .reply || self == .both }
        package var requests: Bool { self == .request || self == .both }
    }

    /// How many IKE SAs a peer may have; who it is, its identity says.
    package enum Uniqueness: Hashable, Sendable {
        /// Any number, even if a peer says that it has begun anew (INITIAL_CONTACT).
        case never
        /// Any number, until a peer says so.
        case no
        /// The one that it has.
        case keep
        /// The latest.
        case replace
    }

    /// Whether long IKE messages go in fragments (RFC 7383).
    package enum Fragmentation: Hashable, Sendable {
        case yes
        /// Also to a peer that does not say that it takes them.
        case force
        /// The peer's are accepted, ours are sent whole.
        case accept
        case no
    }

    /// When a certificate is sent.
    package enum CertificateSending: Hashable, Sendable {
        case ifAsked, always, never
    }

    /// Reads the section of a `load-conn`.
    package init(name: String, section: Section) throws(ConfigurationError) {
        try self.init(name: name, section: section, ConnectionReadings())
    }

    /// Reads a section of `connections`.
    init(name: String, section: Section, _ readings: ConnectionReadings) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .connection, path: "connections.\(name)")
        guard !name.isEmpty else { throw reader.failure("a connection needs a name") }
        self.name = name
        localAddresses = try Self.hosts("local_addrs", reader, readings)
        remoteAddresses = try Self.hosts("remote_addrs", reader, readings)
        localPort = try reader.integer("local_port", in: 1...UInt16.max) ?? Self.ikePort
        remotePort = try reader.integer("remote_port", in: 1...UInt16.max) ?? Self.ikePort
        proposals = try ProposalLists.read(
            "proposals",
            of: reader,
            protocolID: .ike,
            default: Proposal.defaultIKE,
            readings
        )
        encap = try reader.boolean("encap") ?? false
        mobike = try reader.boolean("mobike") ?? true
        dpdDelay = try reader.duration("dpd_delay") ?? .seconds(30)
        reauthTime = try reader.duration("reauth_time") ?? .zero
        // Who authenticates again renews the keys with it.
        rekeyTime = try reader.duration("rekey_time") ?? (reauthTime > .zero ? .zero : .seconds(4 * 3600))
        overTime = try reader.duration("over_time")
        let longer = max(rekeyTime, reauthTime)
        randTime = try Lifetime.randTime(reader, rekeyTime: longer, default: overTime ?? longer / 10)
        unique =
            try reader.choice("unique", ["never": .never, "no": .no, "keep": .keep, "replace": .replace]) ?? .no
        let fragmentation = try reader.choice(
            "fragmentation",
            ["yes": Fragmentation.yes, "force": .force, "accept": .accept, "no": .no]
        )
        self.fragmentation = fragmentation ?? .yes
        sendCert =
            try reader.choice("send_cert", ["ifasked": .ifAsked, "always": .always, "never": .never]) ?? .ifAsked
        sendCertreq = try reader.boolean("send_certreq") ?? true
        ocsp =
            try reader.choice("ocsp", ["never": .never, "reply": .reply, "request": .request, "both": .both]) ?? .never
        vips = try Self.vips(reader)
        pools = try reader.list("pools")?.map(\.text) ?? []
        (local, laterLocal) = try Self.authentication("local", .localAuthentication, reader, readings)
        (remote, laterRemote) = try Self.authentication("remote", .remoteAuthentication, reader, readings)
        children = try Self.children(reader, readings)
        let isMeantToBeUp = children.contains(where: \.isMeantToBeUp)
        keyingtries = try reader.integer("keyingtries", in: 0...UInt32.max) ?? (isMeantToBeUp ? 0 : 1)
        try checkFamilies(reader)
        try checkStart(reader)
    }

    /// IANA's port for IKE (RFC 7296 section 2).
    private static let ikePort: UInt16 = 500
}

// MARK: - Host names

extension ConnectionConfiguration {
    /// The hosts whose addresses must be looked up before the connection is initiated.
    package var hostNames: Set<String> { Set((localAddresses + remoteAddresses).compactMap(\.name)) }

    /// The connection with what its hosts' names mean; those without an address are left out. Of the peer's addresses only
    /// those of a family that this end may have are taken.
    package func naming(_ hosts: [String: [IPAddress]]) -> ConnectionConfiguration {
        func named(_ patterns: [HostPattern]) -> [HostPattern] {
            patterns.flatMap { pattern in
                pattern.name.map { name in (hosts[name] ?? []).map { HostPattern.address($0) } } ?? [pattern]
            }
        }
        var connection = self
        connection.localAddresses = named(localAddresses)
        let families = connection.localAddresses.map(\.family)
        connection.remoteAddresses = named(remoteAddresses).filter { pattern in
            pattern.family == nil || families.isEmpty || families.contains(nil) || families.contains(pattern.family)
        }
        return connection
    }
}

// MARK: - Reading

extension ConnectionConfiguration {
    private static func hosts(
        _ key: String,
        _ reader: SectionReader,
        _ readings: ConnectionReadings
    ) throws(ConfigurationError) -> [HostPattern] {
        guard let setting = reader.section.setting(key) else { return [.any(nil)] }
        return try readings.hosts.reading(of: setting) { () throws(ConfigurationError) in
            guard let values = try reader.list(key) else { return [.any(nil)] }
            var hosts: [HostPattern] = []
            for value in values {
                hosts.append(try HostPattern(value))
            }
            return hosts
        }
    }

    private static func vips(_ reader: SectionReader) throws(ConfigurationError) -> [IPAddress] {
        var vips: [IPAddress] = []
        for value in try reader.list("vips") ?? [] {
            guard let address = IPAddress(value.text) else {
                throw value.unexpected("addresses, `0.0.0.0` and `::` for any")
            }
            guard !vips.contains(where: { $0.family == address.family }) else {
                throw value.failure("`vips` takes one address of each family; `\(value.text)` is a second one")
            }
            vips.append(address)
        }
        return vips
    }

    /// The rounds of authentication of an end, by their numbers and where these are alike in the order of the file.
    private static func authentication(
        _ end: String,
        _ vocabulary: Vocabulary,
        _ reader: SectionReader,
        _ readings: ConnectionReadings
    ) throws(ConfigurationError) -> (first: AuthenticationConfiguration, later: [AuthenticationConfiguration]) {
        var rounds: [AuthenticationRound] = []
        for section in reader.section.sections where section.name.hasPrefix(end) {
            let round = try readings.rounds.reading(of: section) { () throws(ConfigurationError) in
                let inner = try SectionReader(section, as: vocabulary, path: "\(reader.path).\(section.name)")
                return AuthenticationRound(
                    number: try inner.integer("round", in: 0...UInt32.max) ?? 0,
                    configuration: try AuthenticationConfiguration(reading: inner, isRemote: end == "remote")
                )
            }
            rounds.insert(round, at: rounds.firstIndex { $0.number > round.number } ?? rounds.endIndex)
        }
        guard let first = rounds.first?.configuration else {
            throw reader.failure("this connection needs a section `\(end) { auth = ... }`")
        }
        return (first, rounds.dropFirst().map(\.configuration))
    }

    private static func children(
        _ reader: SectionReader,
        _ readings: ConnectionReadings
    ) throws(ConfigurationError) -> [ChildConfiguration] {
        var children: [ChildConfiguration] = []
        var names: Set<String> = []
        for section in reader.section.sections where section.name == "children" {
            let path = "\(reader.path).children"
            if let stray = section.settings.first {
                throw ConfigurationError(
                    at: SourcePlace(stray.location, path: "\(path).\(stray.key)"),
                    "`\(stray.key)` must stand within a child, as in `children { net { \(stray.key) = ... } }`"
                )
            }
            for child in section.sections {
                guard names.insert(child.name).inserted else {
                    throw reader.failure("two children are called `\(child.name)`")
                }
                children.append(
                    try ChildConfiguration(
                        name: child.name,
                        section: child,
                        path: "\(path).\(child.name)",
                        readings
                    )
                )
            }
        }
        return children
    }

    // MARK: - Cross checks

    private func checkFamilies(_ reader: SectionReader) throws(ConfigurationError) {
        let meet = AddressFamilies.meet(localAddresses.map(\.family), remoteAddresses.map(\.family))
        if !meet, let value = try reader.list("remote_addrs")?.first {
            throw value.failure("no address of `remote_addrs` is of a family that `local_addrs` has")
        }
    }

    private func checkStart(_ reader: SectionReader) throws(ConfigurationError) {
        let canInitiate = remoteAddresses.contains { $0.address != nil || $0.name != nil }
        if !canInitiate, let child = children.first(where: { $0.startAction != .none }) {
            let action = child.startAction.isInitiated ? "start" : "trap"
            throw reader.failure(
                "`\(child.name)` has `start_action = \(action)`, so `remote_addrs` must name the address of the peer"
            )
        }
    }
}
