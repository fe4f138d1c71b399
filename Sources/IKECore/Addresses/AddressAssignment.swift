import IKEWire
import Inet

// Addresses inside the tunnel that the responder assigns (RFC 7296 section 2.19):
//
//     initiator                                    responder
//     HDR, SK {..., CP(CFG_REQUEST), SAi2, TSi, TSr}  -->
//                                                <--  HDR, SK {..., CP(CFG_REPLY), SAr2, TSi, TSr}
//                                                <--  HDR, SK {..., N(INTERNAL_ADDRESS_FAILURE)}     no CHILD SA

/// The addresses that `dynamic` stands for inside the tunnel; without any, it stands for the outer address of that end.
struct InnerAddresses: Equatable {
    var local: [IPAddress] = []
    var remote: [IPAddress] = []
    /// Whom the peer says to ask for names.
    var dns = InnerDNS()

    /// For the log; nothing where nothing was assigned.
    var words: String {
        let addresses = (local + remote).map(\.description).joined(separator: ", ")
        return addresses.isEmpty
            ? "" : ", \(local.isEmpty ? "the peer" : "this host") has \(addresses) in the tunnel\(dns.words)"
    }
}

/// The initiator's side.
enum AddressWish {
    /// CFG_REQUEST; the unspecified address of a family asks for any. Name servers are asked for as well.
    static func payload(_ wanted: [IPAddress]) -> Payload {
        let attributes = wanted.map { address in
            address.isUnspecified
                ? ConfigurationAttribute(address.attributeType) : ConfigurationAttribute(assigning: address)
        }
        return Payload(.configuration(Configuration(type: .request, attributes: attributes + InnerDNS.wishes(wanted))))
    }

    /// Whom CFG_REPLY says to ask for names.
    static func dns(_ payloads: [Payload]) -> InnerDNS {
        InnerDNS(payloads.configuration.flatMap { $0.type == .reply ? $0.attributes : nil } ?? [])
    }

    /// What CFG_REPLY assigns, of the families that were asked for.
    static func assigned(_ payloads: [Payload], wanted: [IPAddress]) throws(NegotiationFailure) -> [IPAddress] {
        let reply = payloads.configuration.flatMap { $0.type == .reply ? $0 : nil }
        let families = Set(wanted.map(\.family))
        let addresses = (reply?.attributes ?? []).compactMap(\.address).filter {
            families.contains($0.family) && !$0.isUnspecified && !$0.isMulticast && !$0.isLoopback
        }
        guard !addresses.isEmpty else {
            throw NegotiationFailure(
                .addressRefused,
                payloads.notify(.internalAddressFailure) == nil
                    ? "the peer assigns no address (vips)"
                    : "the peer has no address left for us, or none at all (INTERNAL_ADDRESS_FAILURE)"
            )
        }
        return addresses
    }
}

/// The responder's side.
struct AddressAssignment {
    let leases: LeaseTable
    let policy: Policy
    /// That of the IKE SA that is being authenticated.
    let lineage: UInt32

    /// Addresses of the connection's pools, one for each that is asked for, and the reply that says so. Nil if the peer asks for
    /// none.
    func answer(
        _ request: Configuration?,
        _ peer: AuthenticatedPeer,
        isInitialContact: Bool
    ) throws(NegotiationFailure) -> (addresses: [IPAddress], reply: Payload)? {
        guard let request, request.type == .request else { return nil }
        let wishes = request.attributes.filter { $0.type == .internalIP4Address || $0.type == .internalIP6Address }
        guard !wishes.isEmpty else { return nil }
        let connection = peer.connection
        let takesOver = connection.uniqueness == .replace || isInitialContact && connection.uniqueness != .never
        var addresses: [IPAddress] = []
        var attributes: [ConfigurationAttribute] = []
        for wish in wishes.prefix(Self.mostAddresses) {
            let family: IPAddress.Family = wish.type == .internalIP4Address ? .v4 : .v6
            let wanted = wish.address.flatMap { $0.isUnspecified ? nil : $0 }
            let pools = connection.pools.compactMap { policy.pool(named: $0) }.filter { $0.family == family }
            // An authentication server's word goes before the pools, which then give the attributes alone.
            if let framed = peer.grant?.framedAddresses.first(where: { $0.family == family }) {
                addresses.append(framed)
                attributes += (pools.first?.attributes ?? []).filter { !attributes.contains($0) }
                continue
            }
            for pool in pools {
                let address = leases.assign(
                    from: pool,
                    to: peer.principal,
                    wanted: wanted,
                    takesOver: takesOver,
                    lineage: lineage
                )
                guard let address, !addresses.contains(address) else { continue }
                addresses.append(address)
                attributes += pool.attributes.filter { !attributes.contains($0) }
                break
            }
        }
        guard !addresses.isEmpty else {
            let pools =
                connection.pools.isEmpty ? "has no pools" : "has the pools \(connection.pools.joined(separator: ", "))"
            throw NegotiationFailure(
                .addressRefused,
                "\(peer.principal) asks for an address (\(wishes.map(\.type.description).joined(separator: ", "))), and "
                    + "connection \(connection.name) \(pools), of which none has one left for it",
                notify: Notify(.internalAddressFailure)
            )
        }
        let reply = Configuration(
            type: .reply,
            attributes: addresses.map { ConfigurationAttribute(assigning: $0) } + attributes
        )
        return (addresses, Payload(.configuration(reply)))
    }

    /// One of each family is what clients ask for.
    private static let mostAddresses = 4
}

extension IPAddress {
    fileprivate var attributeType: ConfigurationAttributeType {
        family == .v4 ? .internalIP4Address : .internalIP6Address
    }
}

extension ConfigurationAttribute {
    /// INTERNAL_IP4_ADDRESS, or INTERNAL_IP6_ADDRESS with the length of a prefix behind it (RFC 7296 section 3.15.1).
    fileprivate init(assigning address: IPAddress) {
        self.init(address.attributeType, value: address.bytes + (address.family == .v4 ? [] : [128]))
    }

    /// The address in one of these; nil for others, and for one without.
    fileprivate var address: IPAddress? {
        switch type {
        case .internalIP4Address: value.count == 4 ? IPAddress(bytes: value) : nil
        case .internalIP6Address: (16...17).contains(value.count) ? IPAddress(bytes: Array(value.prefix(16))) : nil
        default: nil
        }
    }
}
