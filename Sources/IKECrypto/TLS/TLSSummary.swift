/// What a finished handshake of TLS led to, for status and logs.
package struct TLSSummary: Hashable, Sendable {
    /// What became of the certificate that a server may ask its client for.
    package enum ClientCertificate: Hashable, Sendable {
        case notRequested
        /// Asked for, but the client gave none; a server of ours that asks ends the handshake then.
        case notGiven
        /// Verified where we are the server.
        case given
    }

    package let version: TLSVersion
    /// The name that IANA has for it: "TLS_AES_256_GCM_SHA384".
    package let cipherSuite: String
    package let clientCertificate: ClientCertificate
    /// The subject of the peer's certificate, for people; nil where it gave none.
    package let peerSubject: String?

    package init(
        version: TLSVersion,
        cipherSuite: String,
        clientCertificate: ClientCertificate,
        peerSubject: String?
    ) {
        self.version = version
        self.cipherSuite = cipherSuite
        self.clientCertificate = clientCertificate
        self.peerSubject = peerSubject
    }
}

extension TLSSummary: CustomStringConvertible {
    /// "TLS 1.3 (TLS_AES_256_GCM_SHA384), peer "CN=gw"".
    package var description: String {
        "\(version) (\(cipherSuite))" + (peerSubject.map { ", peer \"\($0)\"" } ?? "")
    }
}
