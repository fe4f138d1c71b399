/// What a configuration payload asks for or answers (RFC 7296 section 3.15).
package struct ConfigurationType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let request = Self(rawValue: 1)
    package static let reply = Self(rawValue: 2)
    package static let set = Self(rawValue: 3)
    package static let acknowledge = Self(rawValue: 4)
}

extension ConfigurationType: CustomStringConvertible {
    /// The registered name; a number for what is not registered.
    package var description: String {
        switch self {
        case .request: "CFG_REQUEST"
        case .reply: "CFG_REPLY"
        case .set: "CFG_SET"
        case .acknowledge: "CFG_ACK"
        default: "configuration type \(rawValue)"
        }
    }
}
