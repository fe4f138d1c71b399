package import Inet

/// Which addresses an end of an IKE SA may have.
package enum HostPattern: Hashable, Sendable {
    /// Every address, or every one of a family: `%any`, `%any4`, `%any6`, `0.0.0.0/0`, `::/0`.
    case any(IPAddress.Family?)
    case address(IPAddress)
    case prefix(IPPrefix)
    /// Two addresses of one family.
    case range(ClosedRange<IPAddress>)

    /// True for an address that the end may have.
    package func matches(_ address: IPAddress) -> Bool {
        switch self {
        case .any(let family): family == nil || family == address.family
        case .address(let only): only == address
        case .prefix(let prefix): prefix.contains(address)
        case .range(let range): range.contains(address)
        }
    }

    /// The family of all addresses that match; nil when both do.
    package var family: IPAddress.Family? {
        switch self {
        case .any(let family): family
        case .address(let address): address.family
        case .prefix(let prefix): prefix.family
        case .range(let range): range.lowerBound.family
        }
    }

    /// The address itself where just one matches, so that an SA can be initiated from or to it.
    package var address: IPAddress? {
        if case .address(let address) = self { address } else { nil }
    }
}

extension HostPattern: CustomStringConvertible {
    /// As it is written in a configuration.
    package var description: String {
        switch self {
        case .any(nil): "%any"
        case .any(.v4): "%any4"
        case .any(.v6): "%any6"
        case .address(let address): "\(address)"
        case .prefix(let prefix): "\(prefix)"
        case .range(let range): "\(range.lowerBound)-\(range.upperBound)"
        }
    }
}

// MARK: - Reading

extension HostPattern {
    /// - Parameter value: one item of `local_addrs` or `remote_addrs`.
    init(_ value: SettingText) throws(ConfigurationError) {
        let text = value.text
        switch text.lowercased() {
        case "%any":
            self = .any(nil)
        case "%any4", "0.0.0.0", "0.0.0.0/0":
            self = .any(.v4)
        case "%any6", "::", "::/0":
            self = .any(.v6)
        case _ where text.hasPrefix("%"):
            throw value.failure("`\(text)` is none of `%any`, `%any4` and `%any6`")
        case _ where text.contains("/"):
            guard let prefix = IPPrefix(text) else {
                throw value.failure("`\(text)` is not a block of addresses such as `192.0.2.0/24`")
            }
            self = .prefix(prefix)
        default:
            if let range = try AddressRange.read(value) {
                self = .range(range)
            } else if let address = IPAddress(text) {
                self = .address(address)
            } else {
                throw Self.refusal(of: value)
            }
        }
    }

    /// Tells a misspelt address from a host name.
    private static func refusal(of value: SettingText) -> ConfigurationError {
        let text = value.text
        if text.contains(":") || text.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }) {
            return value.failure("`\(text)` is not an IP address")
        }
        return value.unexpected("addresses; host names are not supported yet by iked, so write the address")
    }
}
