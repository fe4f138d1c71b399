import IKEWire
import Inet

// What MOBIKE puts into messages (RFC 4555 sections 3 and 4). An IKE SA is mobile when both ends say so in IKE_AUTH; they may
// name their further addresses there. Everything after that is INFORMATIONAL:
//
//     original initiator                                   original responder
//     HDR, SK {..., N(MOBIKE_SUPPORTED),
//              [N(ADDITIONAL_*_ADDRESS)+]}           -->
//                                                    <--   HDR, SK {..., N(MOBIKE_SUPPORTED), [N(ADDITIONAL_*_ADDRESS)+]}
//
//     HDR, SK {N(UPDATE_SA_ADDRESSES),
//              NAT detection, addresses}             -->   from the new address; the IKE SA goes there
//                                                    <--   HDR, SK {NAT detection}
//                                                    <--   HDR, SK {N(UNACCEPTABLE_ADDRESSES)}         it stays where it is
//                                                    <--   HDR, SK {N(UNEXPECTED_NAT_DETECTED)}        likewise
//                                                    <--   HDR, SK {N(COOKIE2)}   do you receive there?
//     HDR, SK {N(COOKIE2)}                           -->   the CHILD SAs go there, too
//
//     either end                                           the other
//     HDR, SK {N(ADDITIONAL_*_ADDRESS)+ or
//              N(NO_ADDITIONAL_ADDRESSES)}           -->   keeps the list in place of the one it had
//                                                    <--   HDR, SK {}

/// The notifies of MOBIKE: what they say, and how they are written.
enum AddressNotifies {
    /// Further addresses that are told and kept of one end: more are of no use to anybody.
    static let mostAddresses = 16
    /// What a COOKIE2 may have, in octets (RFC 4555 section 4.2.5); ours have 16.
    static let cookieLengths = 8...64
    static let cookieLength = 16

    // MARK: - Additional addresses

    /// One notify for each address (RFC 4555 section 4.2.2).
    static func additional(_ addresses: [IPAddress]) -> [Payload] {
        addresses.prefix(mostAddresses).map { address in
            let type: NotifyType = address.family == .v4 ? .additionalIP4Address : .additionalIP6Address
            return Payload(.notify(Notify(type, data: address.bytes)))
        }
    }

    /// The complete list for an end that changes it, which says so when it has become empty (RFC 4555 section 3.6).
    static func list(_ addresses: [IPAddress]) -> [Payload] {
        addresses.isEmpty ? [Payload(.notify(Notify(.noAdditionalAddresses)))] : additional(addresses)
    }

    /// The addresses that a message brings; nil where it says nothing of them. Such as nobody can be sent to are passed over.
    static func addresses(in payloads: [Payload]) -> [IPAddress]? {
        var addresses: [IPAddress] = []
        var isList = false
        for notify in payloads.notifies {
            let family: IPAddress.Family
            switch notify.type {
            case .additionalIP4Address: family = .v4
            case .additionalIP6Address: family = .v6
            case .noAdditionalAddresses:
                isList = true
                continue
            default: continue
            }
            isList = true
            guard let address = IPAddress(bytes: notify.data), address.family == family, address.isUnicast,
                !addresses.contains(address), addresses.count < mostAddresses
            else { continue }
            addresses.append(address)
        }
        return isList ? addresses : nil
    }

    // MARK: - Return routability

    static func cookie(_ octets: [UInt8]) -> Payload { Payload(.notify(Notify(.cookie2, data: octets))) }

    /// The COOKIE2 that an answer takes over as it is (RFC 4555 section 3.7).
    static func echo(of payloads: [Payload]) -> [Payload] {
        guard let cookie = payloads.notify(.cookie2), cookieLengths.contains(cookie.data.count) else { return [] }
        return [self.cookie(cookie.data)]
    }

    // MARK: - Without NAT traversal

    /// Addresses and ports as their sender knows them, for peers without NAT traversal (RFC 4555 section 4.2.6).
    static func noNATsAllowed(from source: SocketAddress, to destination: SocketAddress) -> Payload {
        let data =
            source.address.bytes + destination.address.bytes + source.port.bigEndianBytes
            + destination.port.bigEndianBytes
        return Payload(.notify(Notify(.noNATsAllowed, data: data)))
    }

    /// Whether the peer forbids NATs and there is one: the message came along `arrival`.
    static func revealsNAT(_ payloads: [Payload], arrival: Path) -> Bool {
        guard payloads.notify(.noNATsAllowed) != nil else { return false }
        let expected = noNATsAllowed(from: arrival.remote, to: arrival.local)
        return !payloads.contains { $0.body == expected.body }
    }
}

extension IPAddress {
    /// An address of a single interface that is not only the host's own.
    var isUnicast: Bool { !isUnspecified && !isMulticast && !isLoopback && self != .last(of: .v4) }
}
