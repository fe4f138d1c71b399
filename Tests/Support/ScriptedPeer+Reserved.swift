package import IKEWire

// Bits that RFC 7296 says to send as zero and to ignore on receipt, all set.

extension Message {
    /// Sets the unassigned flags of the header and every reserved bit of the payloads.
    ///
    /// Those of identities stay as they are, since AUTH covers them: a test sets them in the peer's `identity`.
    package mutating func setReservedBits() {
        header.flags.formUnion(Header.Flags(rawValue: 0xc7))
        for index in payloads.indices { payloads[index].setReservedBits() }
    }
}

extension Payload {
    fileprivate mutating func setReservedBits() {
        reserved = 0x7f
        switch body {
        case .securityAssociation(var proposals):
            for index in proposals.indices {
                proposals[index].reserved = 0xff
                for place in proposals[index].transforms.indices {
                    proposals[index].transforms[place].reserved = 0xffff
                }
            }
            body = .securityAssociation(proposals)
        case .keyExchange(var value):
            value.reserved = 0xffff
            body = .keyExchange(value)
        case .authentication(var authentication):
            authentication.reserved = 0xff_ffff
            body = .authentication(authentication)
        case .trafficSelectorsInitiator(let entries, reserved: _):
            body = .trafficSelectorsInitiator(entries, reserved: 0xff_ffff)
        case .trafficSelectorsResponder(let entries, reserved: _):
            body = .trafficSelectorsResponder(entries, reserved: 0xff_ffff)
        default: break
        }
    }
}
