import COpenSSL

/// The versions of TLS that are spoken here; older ones are not (RFC 8996).
package enum TLSVersion: Hashable, Comparable, Sendable {
    case tls12, tls13

    /// The number on the wire.
    var number: Int32 {
        switch self {
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}

extension TLSVersion: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tls12: "TLS 1.2"
        case .tls13: "TLS 1.3"
        }
    }
}
