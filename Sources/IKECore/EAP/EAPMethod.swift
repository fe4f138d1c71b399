package import IKEWire

/// The methods of EAP that are spoken here (RFC 7296 section 2.16).
package enum EAPMethod: Hashable, Sendable, CaseIterable {
    /// A password, proved to both sides (draft-kamath-pppext-eap-mschapv2, RFC 2759).
    case mschapV2
    /// Certificates on both sides (RFC 5216, RFC 9190).
    case tls
    /// The server's certificate, and a password in the tunnel that it protects (RFC 5281).
    case ttls

    package var type: EAPType {
        switch self {
        case .mschapV2: .mschapV2
        case .tls: .tls
        case .ttls: .ttls
        }
    }

    init?(_ type: EAPType) {
        guard let method = Self.allCases.first(where: { $0.type == type }) else { return nil }
        self = method
    }
}

extension EAPMethod: CustomStringConvertible {
    package var description: String {
        switch self {
        case .mschapV2: "EAP-MSCHAPv2"
        case .tls: "EAP-TLS"
        case .ttls: "EAP-TTLS"
        }
    }
}
