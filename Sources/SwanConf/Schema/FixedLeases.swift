import IKEWire
import Inet

/// The section `leases` of a pool, with addresses that are for certain identities alone.
///
///     leases {
///         ada@example.org = 10.3.0.7
///         laptop {                                   an identity that cannot be the name of a setting
///             id = "C=CH, O=Example, CN=laptop"
///             addr = 10.3.0.8
///         }
///     }
enum FixedLeases {
    static func read(
        _ pool: SectionReader,
        _ addresses: ClosedRange<IPAddress>
    ) throws(ConfigurationError) -> [IPAddress: Identification] {
        guard let section = pool.section.section("leases") else { return [:] }
        let path = "\(pool.path).leases"
        let reader = try SectionReader(section, as: .leases, path: path)
        var leases: [IPAddress: Identification] = [:]
        func add(_ address: SettingText, _ identity: Identification?, _ spelling: String) throws(ConfigurationError) {
            guard let identity else { throw address.failure("`\(spelling)` is not an identity") }
            let lease = try Self.address(address, addresses)
            if let other = leases[lease] { throw address.failure("`\(lease)` is for `\(other)` already") }
            if leases.values.contains(where: { $0.isSameIdentity(as: identity) }) {
                throw address.failure("`\(identity)` has another address of this pool already")
            }
            leases[lease] = identity
        }
        for setting in section.settings {
            try add(try reader.value(of: setting), Identification(setting.key), setting.key)
        }
        for inner in section.sections {
            let reader = try SectionReader(inner, as: .lease, path: "\(path).\(inner.name)")
            guard let id = try reader.value("id"), let address = try reader.value("addr") else {
                throw reader.failure("a lease needs `id = ...` and `addr = ...`")
            }
            try add(address, Identification(id.text), id.text)
        }
        return leases
    }

    private static func address(
        _ value: SettingText,
        _ addresses: ClosedRange<IPAddress>
    ) throws(ConfigurationError) -> IPAddress {
        guard let address = IPAddress(value.text) else { throw value.unexpected("an address of the pool") }
        guard address.family == addresses.lowerBound.family, addresses.contains(address) else {
            throw value.failure(
                "`\(address)` is not among the addresses of the pool, \(addresses.lowerBound) to \(addresses.upperBound)"
            )
        }
        return address
    }
}
