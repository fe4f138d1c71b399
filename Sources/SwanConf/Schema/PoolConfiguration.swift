package import IKEWire
package import Inet

/// Addresses and attributes that peers ask for (RFC 7296 section 2.19): a section of `pools`.
package struct PoolConfiguration: Hashable, Sendable {
    /// The section's name; never empty.
    package let name: String
    /// The first and the last address, of one family.
    package let addresses: ClosedRange<IPAddress>
    /// `leases`: addresses that are for certain identities alone. Unlike strongSwan's, a pool may have them.
    package let fixed: [IPAddress: Identification]
    /// In the order in which they are written.
    package let attributes: [Attribute]

    /// One configuration attribute (RFC 7296 section 3.15.1) with all its values.
    package struct Attribute: Hashable, Sendable {
        /// Which attribute.
        package let kind: Kind
        /// In the order in which they are written; never empty.
        package let values: [Value]

        /// What the attribute carries.
        package enum Value: Hashable, Sendable {
            /// As servers and netmasks are written.
            case address(IPAddress)
            /// As networks are written.
            case prefix(IPPrefix)
            /// Only for attributes that are named by number.
            case text(String)
        }
    }

    /// Reads a section of `pools`, or the one of a `load-pool`.
    package init(name: String, section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .pool, path: "pools.\(name)")
        guard !name.isEmpty else { throw reader.failure("a pool needs a name") }
        guard let value = try reader.value("addrs") else {
            throw reader.failure("the pool `\(name)` has no `addrs = ...`")
        }
        self.name = name
        addresses = try Self.addresses(value)
        fixed = try FixedLeases.read(reader, addresses)
        attributes = try Self.attributes(reader)
    }

    private static func addresses(_ value: SettingText) throws(ConfigurationError) -> ClosedRange<IPAddress> {
        if let prefix = IPPrefix(value.text) {
            return hosts(of: prefix)
        }
        guard let range = try AddressRange.read(value) else {
            throw value.unexpected("addresses such as `10.3.0.0/24` or `10.3.0.10-10.3.0.99`")
        }
        return range
    }
}

extension PoolConfiguration {
    /// The addresses of a block that hosts have: not that of the network, nor where IPv4 has one that for broadcasts.
    private static func hosts(of block: IPPrefix) -> ClosedRange<IPAddress> {
        guard block.family.bitWidth - block.length > 1, let first = block.first.successor,
            let last = block.family == .v4 ? block.last.predecessor : block.last
        else { return block.first...block.last }
        return first...last
    }
}

// MARK: - Attributes

extension PoolConfiguration.Attribute {
    /// The attributes that have names. Which one of the two families it becomes, the value says.
    package enum Kind: Hashable, Sendable {
        case dns
        case nbns
        case dhcp
        case netmask
        case subnet
        /// IANA "IKEv2 Configuration Payload Attribute Types".
        case number(UInt16)

        /// As swanctl calls them.
        static let named: KeyValuePairs<String, Kind> = [
            "dns": .dns, "nbns": .nbns, "dhcp": .dhcp, "netmask": .netmask, "subnet": .subnet,
        ]

        /// Nil for a key that is neither a name nor the number of an attribute.
        init?(key: String) {
            if let kind = Self.named.first(where: { $0.key == key })?.value {
                self = kind
            } else if let number = Scalars.integer(key).flatMap(UInt16.init(exactly:)), number > 0 {
                self = .number(number)
            } else {
                return nil
            }
        }
    }
}

extension PoolConfiguration {
    private static func attributes(_ reader: SectionReader) throws(ConfigurationError) -> [Attribute] {
        var attributes: [Attribute] = []
        for setting in reader.section.settings {
            guard let kind = Attribute.Kind(key: setting.key), let items = try reader.list(setting.key) else {
                continue
            }
            var values: [Attribute.Value] = []
            for item in items {
                values.append(try value(item, of: kind))
            }
            attributes.append(Attribute(kind: kind, values: values))
        }
        return attributes
    }

    private static func value(
        _ item: SettingText,
        of kind: Attribute.Kind
    ) throws(ConfigurationError) -> Attribute.Value {
        let address = IPAddress(item.text).map(Attribute.Value.address)
        let prefix = IPPrefix(item.text).map(Attribute.Value.prefix)
        switch kind {
        case .nbns, .netmask:
            guard let address, IPAddress(item.text)?.family == .v4 else {
                throw item.unexpected("IPv4 addresses such as `10.3.0.1`")
            }
            return address
        case .dns, .dhcp:
            guard let address else { throw item.unexpected("addresses such as `10.3.0.1`") }
            return address
        case .subnet:
            guard let prefix else { throw item.unexpected("blocks of addresses such as `10.3.0.0/24`") }
            return prefix
        case .number:
            return address ?? prefix ?? .text(item.text)
        }
    }
}
