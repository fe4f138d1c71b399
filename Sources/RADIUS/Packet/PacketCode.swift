/// What a packet is (RFC 2865 section 3, RFC 2866 section 3).
package struct PacketCode: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let accessRequest = Self(rawValue: 1)
    package static let accessAccept = Self(rawValue: 2)
    package static let accessReject = Self(rawValue: 3)
    package static let accountingRequest = Self(rawValue: 4)
    package static let accountingResponse = Self(rawValue: 5)
    package static let accessChallenge = Self(rawValue: 11)
}

extension PacketCode: CustomStringConvertible {
    /// As the RFCs write it.
    package var description: String {
        switch self {
        case .accessRequest: "Access-Request"
        case .accessAccept: "Access-Accept"
        case .accessReject: "Access-Reject"
        case .accountingRequest: "Accounting-Request"
        case .accountingResponse: "Accounting-Response"
        case .accessChallenge: "Access-Challenge"
        default: "RADIUS code \(rawValue)"
        }
    }
}
