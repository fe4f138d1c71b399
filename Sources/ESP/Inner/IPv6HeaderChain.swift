import Inet

/// The walk from the fixed IPv6 header over extension headers to the next layer protocol.
///
/// Hop-by-Hop options, routing, fragment and destination options headers are walked over, the list that RFC 4301
/// section 4.4.1.1 gives. AH and ESP are not: to security policy they are next layer protocols.
struct IPv6HeaderChain {
    /// The octets of the header that every IPv6 packet begins with.
    static let fixedHeaderLength = 40
    /// Headers walked over at most. The order that RFC 8200 section 4.1 recommends has no more than five of them; a
    /// much longer chain only serves to hide what follows, and is treated as having hidden it.
    static let maximumHeaders = 8

    /// The octets from the beginning of the packet to the next layer protocol, or to where the walk ended.
    private(set) var length = Self.fixedHeaderLength
    /// The protocol the walk has arrived at; nil if there is a further header that it cannot see or pass.
    private(set) var nextLayer: IPProtocol?
    /// What the fragment header says; nil if there is none.
    private(set) var fragment: InnerPacket.Fragment?
    /// Whether the packet has the beginning of what follows the extension headers.
    var holdsBeginning: Bool { fragment == nil || fragment?.offset == 0 }

    /// Walks the chain that begins behind the fixed header with the header type `first` and has to end before `end`.
    init(walking bytes: RawSpan, first: UInt8, end: Int) {
        var next = first
        var walked = 0
        while Self.isWalkedOver(next) {
            // Behind the fragment header of a later piece stands the middle of something, not a header.
            guard walked < Self.maximumHeaders, holdsBeginning, end - length >= 8 else { return }
            let header = next
            next = bytes.octet(length)
            walked += 1
            if header == Self.fragmentHeader {
                // A piece of a piece: no sender makes one, and reassembly would have to come before any reading.
                guard fragment == nil else { return }
                let offsetAndFlags = bytes.bigEndian16(length + 2)
                fragment = InnerPacket.Fragment(
                    offset: Int(offsetAndFlags & 0xfff8),
                    moreFollow: offsetAndFlags & 1 != 0
                )
                length += 8
            } else {
                // In units of 8 octets, not counting the first 8.
                let headerLength = (Int(bytes.octet(length + 1)) + 1) * 8
                guard headerLength <= end - length else { return }
                length += headerLength
            }
        }
        nextLayer = IPProtocol(rawValue: next)
    }

    private static let fragmentHeader: UInt8 = 44

    private static func isWalkedOver(_ header: UInt8) -> Bool {
        switch header {
        case 0, 43, fragmentHeader, 60: true  // Hop-by-Hop options, routing, fragment, destination options
        default: false
        }
    }
}
