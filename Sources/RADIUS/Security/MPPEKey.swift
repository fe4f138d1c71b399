package import IKECrypto
import IKEWire

/// The keys of an EAP method, which the server sends as if they were for Microsoft's encryption of PPP (RFC 2548 section 2.4).
///
///     | salt: 2 octets | length of the key, the key, zeros: a multiple of 16 octets, encrypted
///
/// Block i is encrypted by adding MD5(secret | block i-1 of the ciphertext); before the first stand the Request Authenticator and
/// the salt (RFC 2548 section 2.4.2).
package enum MPPEKey {
    /// The vendor's types of the two attributes. Sending and receiving are the authenticator's, which is this host.
    static let sendKeyType: UInt8 = 16
    static let recvKeyType: UInt8 = 17
    private static let saltLength = 2
    private static let blockLength = 16

    /// The key of one attribute's value.
    package static func decrypt(
        _ value: [UInt8],
        secret: SecretBytes,
        requestAuthenticator: [UInt8]
    ) throws(RADIUSError) -> SecretBytes {
        let cipher = Array(value.dropFirst(saltLength))
        guard !cipher.isEmpty, cipher.count.isMultiple(of: blockLength) else { throw .malformedKey }
        var salted = requestAuthenticator + value.prefix(saltLength)
        var plain = SecretBytes.empty
        for start in stride(from: 0, to: cipher.count, by: blockLength) {
            let block = Array(cipher[start..<start + blockLength])
            let stream = try cryptography { () throws(CryptoError) in
                try Digest.md5(secret, SecretBytes(copying: salted))
            }
            plain = .concatenation(plain, stream.adding(block))
            salted = block
        }
        let length = plain.withUnsafeBytes { Int($0[0]) }
        guard length > 0, let key = plain.slice(1..<1 + length) else { throw .malformedKey }
        return key
    }
}

extension SecretBytes {
    /// The exclusive or with as many other octets.
    fileprivate func adding(_ others: [UInt8]) -> SecretBytes {
        withUnsafeBytes { own in
            SecretBytes(count: own.count) { sum in
                for (index, other) in others.enumerated() where index < own.count { sum[index] = own[index] ^ other }
            }
        }
    }
}

extension Packet {
    /// Octets of a Master Session Key at least (RFC 3748 section 7.10).
    package static let masterSessionKeyLength = 64

    /// The Master Session Key that the server and the client have made; nil where their EAP method makes none.
    ///
    /// Its first half is MS-MPPE-Recv-Key and its second MS-MPPE-Send-Key, as this host sees the directions (RFC 5216 section
    /// 2.3). EAP-MSCHAPv2 has 16 octets of each and zeros behind them.
    package func masterSessionKey(
        secret: SecretBytes,
        requestAuthenticator: [UInt8]
    ) throws(RADIUSError) -> SecretBytes? {
        let attributes: [VendorAttribute]
        do throws(WireError) {
            attributes = try self.attributes(of: VendorAttribute.microsoft)
        } catch {
            throw .malformed(error)
        }
        guard let received = attributes.first(where: { $0.type == MPPEKey.recvKeyType }),
            let sent = attributes.first(where: { $0.type == MPPEKey.sendKeyType })
        else { return nil }
        let recvKey = try MPPEKey.decrypt(
            received.value,
            secret: secret,
            requestAuthenticator: requestAuthenticator
        )
        let sendKey = try MPPEKey.decrypt(sent.value, secret: secret, requestAuthenticator: requestAuthenticator)
        let missing = max(0, Self.masterSessionKeyLength - recvKey.count - sendKey.count)
        let zeros = SecretBytes(count: missing) { _ in }
        return .concatenation(recvKey, sendKey, zeros)
    }
}
