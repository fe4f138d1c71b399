import IKECore
import IKEWire
import Inet

/// What an `updown` script is told, in the variables that strongSwan's updown plugin has.
enum UpdownEnvironment {
    /// One call of the script: a pair of selectors.
    struct Call: Equatable {
        /// What follows `up` or `down` in PLUTO_VERB.
        let suffix: String
        /// The other variables.
        let variables: [String]

        func environment(isUp: Bool) -> [String] { ["PLUTO_VERB=\(isUp ? "up" : "down")\(suffix)"] + variables }
    }

    static func calls(for childSA: ChildSA, _ sa: IKESASummary, interface: String) -> [Call] {
        childSA.localSelectors.flatMap { local in
            childSA.remoteSelectors.filter { $0.family == local.family }.map { remote in
                let isHost = local.addresses == childSA.local.address...childSA.local.address
                return Call(
                    suffix: "-\(isHost ? "host" : "client")\(local.family == .v6 ? "-v6" : "")",
                    variables: common(childSA, sa, interface: interface) + end("MY", local) + end("PEER", remote)
                )
            }
        }
    }

    private static func common(_ childSA: ChildSA, _ sa: IKESASummary, interface: String) -> [String] {
        var variables = [
            "PLUTO_VERSION=1.1",
            "PLUTO_CONNECTION=\(childSA.name)",
            "PLUTO_INTERFACE=\(interface)",
            "PLUTO_REQID=\(childSA.id)",
            "PLUTO_PROTO=esp",
            "PLUTO_UNIQUEID=\(sa.id)",
            "PLUTO_ME=\(childSA.local.address)",
            "PLUTO_PEER=\(childSA.remote.address)",
        ]
        if let identity = sa.localIdentity { variables.append("PLUTO_MY_ID=\(identity)") }
        if let identity = sa.remoteIdentity { variables.append("PLUTO_PEER_ID=\(identity)") }
        if let eap = sa.eap, !eap.identity.isEmpty {
            variables.append("PLUTO_XAUTH_ID=\(String(decoding: eap.identity, as: UTF8.self))")
        }
        if childSA.usesUDP { variables.append("PLUTO_UDP_ENC=\(childSA.remote.port)") }
        variables += addresses("MY_SOURCEIP", sa.localVirtual) + addresses("PEER_SOURCEIP", sa.remoteVirtual)
        for (family, name) in [(IPAddress.Family.v4, "DNS4"), (.v6, "DNS6")] {
            for (index, server) in sa.dns.servers.filter({ $0.family == family }).enumerated() {
                variables.append("PLUTO_\(name)_\(index + 1)=\(server)")
            }
        }
        return variables
    }

    /// The first address, and all of them by family and number.
    private static func addresses(_ name: String, _ addresses: [IPAddress]) -> [String] {
        var variables = addresses.first.map { ["PLUTO_\(name)=\($0)"] } ?? []
        for (family, digit) in [(IPAddress.Family.v4, 4), (.v6, 6)] {
            for (index, address) in addresses.filter({ $0.family == family }).enumerated() {
                variables.append("PLUTO_\(name)\(digit)_\(index + 1)=\(address)")
            }
        }
        return variables
    }

    private static func end(_ name: String, _ selector: TrafficSelector) -> [String] {
        let port =
            switch selector.ports {
            case .range(let range): range == 0...UInt16.max ? 0 : range.lowerBound
            case .opaque: UInt16(0)
            }
        return [
            "PLUTO_\(name)_CLIENT=\(block(around: selector.addresses))",
            "PLUTO_\(name)_PORT=\(port)",
            "PLUTO_\(name)_PROTOCOL=\(selector.protocolID.rawValue)",
        ]
    }

    /// The smallest block of addresses that has them all.
    private static func block(around addresses: ClosedRange<IPAddress>) -> String {
        let lengths = (0...addresses.lowerBound.family.bitWidth).reversed()
        let blocks = lengths.lazy.compactMap { IPPrefix(addresses.lowerBound, length: $0) }
        let block = blocks.first { $0.contains(addresses.upperBound) }
        return (block ?? IPPrefix(addresses.lowerBound)).description
    }
}
