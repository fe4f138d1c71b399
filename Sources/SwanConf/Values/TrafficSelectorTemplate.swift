package import IKEWire
package import Inet

/// What `local_ts` and `remote_ts` name before the addresses of an IKE SA are known.
package enum TrafficSelectorTemplate: Hashable, Sendable {
    /// The end's own address: the one that it got from a pool, or that of the IKE SA.
    case dynamic(protocolID: IPProtocol, ports: PortSelector)
    case selector(TrafficSelector)

    /// Whether the address of an end decides.
    package var isDynamic: Bool {
        if case .dynamic = self { true } else { false }
    }

    /// The family; nil when the address will tell.
    package var family: IPAddress.Family? {
        switch self {
        case .dynamic: nil
        case .selector(let selector): selector.family
        }
    }

    /// The selector, once the end's address is known.
    package func resolved(address: IPAddress) -> TrafficSelector {
        switch self {
        case .dynamic(let protocolID, let ports):
            TrafficSelector(protocolID: protocolID, ports: ports, addresses: address...address)
        case .selector(let selector):
            selector
        }
    }
}

extension TrafficSelectorTemplate: CustomStringConvertible {
    /// As it is written in a configuration.
    package var description: String {
        switch self {
        case .dynamic(.any, .any): "dynamic"
        case .dynamic:
            // The addresses do not matter, only what follows them.
            "dynamic" + "\(resolved(address: .anyV4))".drop { $0 != "[" }
        case .selector(let selector):
            "\(selector)"
        }
    }
}

// MARK: - Reading

extension TrafficSelectorTemplate {
    /// - Parameter value: one item of `local_ts` or `remote_ts`.
    init(_ value: SettingText) throws(ConfigurationError) {
        let text = value.text
        let addresses = Substring(text.utf8.prefix { $0 != UInt8(ascii: "[") })
        if addresses.lowercased() == "dynamic" {
            guard addresses.endIndex < text.endIndex else {
                self = .dynamic(protocolID: .any, ports: .any)
                return
            }
            // Any address serves to read what is in the brackets.
            guard let selector = TrafficSelector(swanctl: "\(IPAddress.anyV4)" + text.dropFirst(addresses.count)) else {
                throw Self.refusal(of: value)
            }
            self = .dynamic(protocolID: selector.protocolID, ports: selector.ports)
            return
        }
        guard let selector = TrafficSelector(swanctl: text) else {
            let ends = SettingText(
                text: String(addresses),
                setting: value.setting,
                offset: value.offset,
                path: value.path
            )
            _ = try AddressRange.read(ends)
            throw Self.refusal(of: value)
        }
        self = .selector(selector)
    }

    private static func refusal(of value: SettingText) -> ConfigurationError {
        value.failure(
            "`\(value.text)` is not a traffic selector such as `10.1.0.0/16`, `10.1.0.5-10.1.0.9`,"
                + " `dynamic` or `10.1.0.0/16[tcp/443]`" + value.hint
        )
    }
}
