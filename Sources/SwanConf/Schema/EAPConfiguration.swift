package import IKEWire

/// Authentication by EAP: `auth = eap`, `eap-mschapv2`, `eap-tls`, `eap-ttls` and, of a peer, `eap-radius`.
package struct EAPConfiguration: Hashable, Sendable {
    package enum Method: String, CaseIterable, Hashable, Sendable {
        /// This end: whatever the peer asks for. The peer: whatever it proves itself by while it asks.
        case any = "eap"
        case mschapV2 = "eap-mschapv2"
        case tls = "eap-tls"
        case ttls = "eap-ttls"
        /// A RADIUS server asks the peer.
        case radius = "eap-radius"
    }

    /// The name that goes with the proof.
    package enum Name: Hashable, Sendable {
        /// The end's identity: `eap_id` is not set.
        case identity
        /// The peer is asked for it: `eap_id = %any`.
        case asked
        case given(String)
    }

    package let method: Method
    package let name: Name
    package let server: Server

    /// Who the server of TLS must be.
    package enum Server: Hashable, Sendable {
        /// Whoever the responder is: `aaa_id` is not set.
        case responder
        case anybody
        case given(Identification)
    }

    /// Nil if `auth` is none of these.
    init?(_ value: SettingText, _ reader: SectionReader, isRemote: Bool) throws(ConfigurationError) {
        guard let method = Method(rawValue: value.text.lowercased()) else { return nil }
        guard isRemote || method != .radius else {
            throw value.failure(
                "`auth = eap-radius` is for a `remote` section: it is the peer that a RADIUS server asks"
            )
        }
        self.method = method
        name = try Self.name(reader, isRemote: isRemote)
        server = try isRemote ? .responder : Self.server(reader)
    }

    private static func server(_ reader: SectionReader) throws(ConfigurationError) -> Server {
        guard let value = try reader.value("aaa_id") else { return .responder }
        return try Identification.read(value, allowsPattern: true).map { .given($0) } ?? .anybody
    }

    private static func name(_ reader: SectionReader, isRemote: Bool) throws(ConfigurationError) -> Name {
        guard let value = try reader.value("eap_id"), !value.text.isEmpty else { return .identity }
        guard Identification.isWildcard(value.text) else { return .given(value.text) }
        guard isRemote else {
            throw value.failure("`eap_id = \(value.text)` is for a `remote` section: this end has one name")
        }
        return .asked
    }

    /// What `auth` may say.
    static func words(isRemote: Bool) -> [String] {
        Method.allCases.filter { isRemote || $0 != .radius }.map(\.rawValue)
    }

    /// Whether TLS may be spoken.
    var usesCertificates: Bool { method != .mschapV2 && method != .radius }
}
