package import IKECrypto
import IKEWire

// How requests prove that this host knows the secret.

/// A request as it goes out, with what its answer is checked against.
package struct SignedRequest: Sendable {
    package let code: PacketCode
    package let identifier: UInt8
    /// The Request Authenticator: 16 octets.
    package let authenticator: [UInt8]
    /// The whole packet. Each repetition sends the same octets (RFC 5080 section 2.2.1).
    package let octets: [UInt8]

    package init(code: PacketCode, identifier: UInt8, authenticator: [UInt8], octets: [UInt8]) {
        self.code = code
        self.identifier = identifier
        self.authenticator = authenticator
        self.octets = octets
    }
}

extension SignedRequest {
    /// An Access-Request: a random Request Authenticator (RFC 2865 section 3), and a Message-Authenticator over everything (RFC
    /// 3579 section 3.2).
    ///
    /// The Message-Authenticator comes first. A Response Authenticator alone is MD5 over a packet that somebody on the path has a
    /// part in, and a collision with a chosen prefix turns an Access-Reject into an Access-Accept (BlastRADIUS, CVE-2024-3596).
    /// HMAC-MD5 withstands that. A request that has one is not taken for that of an old client, so the server's answer has one
    /// too; as the first attribute it stands before everything that a user chooses or an attacker adds.
    package static func access(
        identifier: UInt8,
        attributes: [Attribute],
        secret: SecretBytes,
        random: any RandomSource
    ) throws(RADIUSError) -> SignedRequest {
        var packet = Packet(
            code: .accessRequest,
            identifier: identifier,
            authenticator: random.bytes(Packet.authenticatorLength),
            attributes: [.emptyMessageAuthenticator] + attributes
        )
        let unsigned = try packet.octets()
        packet.attributes[0] = Attribute(
            .messageAuthenticator,
            try cryptography { () throws(CryptoError) in try HMAC.md5(key: secret, unsigned) }
        )
        return SignedRequest(packet, octets: try packet.octets())
    }

    /// An Accounting-Request: its authenticator is MD5 over everything, with zeros in its own place, and the secret (RFC 2866
    /// section 3).
    package static func accounting(
        identifier: UInt8,
        attributes: [Attribute],
        secret: SecretBytes
    ) throws(RADIUSError) -> SignedRequest {
        var packet = Packet(
            code: .accountingRequest,
            identifier: identifier,
            authenticator: [UInt8](repeating: 0, count: Packet.authenticatorLength),
            attributes: attributes
        )
        packet.authenticator = try packet.digest(secret).withUnsafeBytes { [UInt8]($0) }
        return SignedRequest(packet, octets: try packet.octets())
    }

    private init(_ packet: Packet, octets: [UInt8]) {
        self.init(
            code: packet.code,
            identifier: packet.identifier,
            authenticator: packet.authenticator,
            octets: octets
        )
    }
}

extension Attribute {
    /// What stands in the place of the Message-Authenticator while it is computed.
    static let emptyMessageAuthenticator = Attribute(.messageAuthenticator, [UInt8](repeating: 0, count: 16))
}

extension Packet {
    func octets() throws(RADIUSError) -> [UInt8] {
        do throws(WireError) { return try encoded() } catch { throw .malformed(error) }
    }

    /// MD5 over the packet and the secret: 16 octets.
    func digest(_ secret: SecretBytes) throws(RADIUSError) -> SecretBytes {
        let octets = SecretBytes(copying: try octets())
        return try cryptography { () throws(CryptoError) in try Digest.md5(octets, secret) }
    }
}

/// Does something with libcrypto, whose failures become ours.
func cryptography<Result>(_ body: () throws(CryptoError) -> Result) throws(RADIUSError) -> Result {
    do throws(CryptoError) { return try body() } catch { throw .crypto(error) }
}
