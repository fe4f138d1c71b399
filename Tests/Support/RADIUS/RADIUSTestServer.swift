package import IKECrypto
package import RADIUS

/// What a server does with its secret: makes authentic answers, and those of somebody who only tries.
package struct RADIUSTestServer {
    package let secret: SecretBytes

    /// - Parameter secret: that of the examples of RFC 2865 section 7.
    package init(secret: String = "xyzzy5461") { self.secret = SecretBytes(copying: Array(secret.utf8)) }

    /// An answer to a request.
    ///
    /// - Parameter signature: whether there is a Message-Authenticator, at which place among the attributes.
    package func answer(
        _ request: [UInt8],
        _ code: PacketCode,
        _ attributes: [Attribute] = [],
        signature: Int? = 0
    ) throws -> [UInt8] {
        let asked = try Packet(parsing: request)
        var packet = Packet(
            code: code,
            identifier: asked.identifier,
            authenticator: asked.authenticator,
            attributes: attributes
        )
        if let signature {
            packet.attributes.insert(Attribute(.messageAuthenticator, [UInt8](repeating: 0, count: 16)), at: signature)
            let code = try HMAC.md5(key: secret, packet.encoded())
            packet.attributes[signature] = Attribute(.messageAuthenticator, code)
        }
        return try signed(packet)
    }

    /// With the Response Authenticator in the place of the request's.
    package func signed(_ packet: Packet) throws -> [UInt8] {
        var packet = packet
        packet.authenticator = try md5(SecretBytes(copying: packet.encoded()), secret)
        return try packet.encoded()
    }

    /// RFC 2548 section 2.4.2, from the server's side.
    package func encrypt(key: [UInt8], salt: [UInt8] = [0x80, 1], for request: [UInt8], padding: Int? = nil) throws
        -> [UInt8]
    {
        var plain = [UInt8(key.count)] + key
        plain += [UInt8](repeating: 0, count: padding ?? (16 - plain.count % 16) % 16)
        var salted = Array(request[4..<20]) + salt
        var cipher: [UInt8] = []
        for start in stride(from: 0, to: plain.count, by: 16) {
            let stream = try md5(secret, SecretBytes(copying: salted))
            salted = zip(plain[start...], stream).map { $0 ^ $1 }
            cipher += salted
        }
        return salt + cipher
    }

    /// Microsoft's attribute of that type.
    package func mppe(_ type: UInt8, _ value: [UInt8]) -> Attribute {
        Attribute(.vendorSpecific, [0, 0, 1, 0x37, type, UInt8(value.count + 2)] + value)
    }

    private func md5(_ parts: SecretBytes...) throws -> [UInt8] {
        let digest = parts.count == 1 ? try Digest.md5(parts[0]) : try Digest.md5(parts[0], parts[1])
        return digest.withUnsafeBytes { [UInt8]($0) }
    }
}
