import COpenSSL

/// What both ends of MS-CHAPv2 calculate from the challenges, the user name and the password (RFC 2759 section 8).
///
/// The client proves the password by `response`, the server that it knows the password too by `authenticatorResponse`.
/// Whoever has both challenges and the response can search for the password with 2^56 operations of DES: the exchange must be
/// protected by something stronger, as it is within IKEv2 and TTLS.
package struct MSCHAPV2Proof: Sendable {
    /// NT-Response: 24 octets.
    package let response: [UInt8]
    private let challenge: [UInt8]
    private let hashOfHash: SecretBytes

    /// - Parameters:
    ///   - authenticatorChallenge: 16 octets.
    ///   - peerChallenge: 16 octets.
    ///   - userName: as the client gives it; a domain in front ("DOMAIN\") does not count.
    package init(
        authenticatorChallenge: [UInt8],
        peerChallenge: [UInt8],
        userName: [UInt8],
        password: NTPasswordHash
    ) throws(CryptoError) {
        let name = userName.lastIndex(of: UInt8(ascii: "\\")).map { userName[($0 + 1)...] } ?? userName[...]
        challenge = Array(try Digest.sha1(peerChallenge, authenticatorChallenge, Array(name)).prefix(8))
        response = Self.response(to: challenge, password.octets)
        hashOfHash = try password.hashed()
    }

    /// RFC 2759 section 8.5: the challenge encrypted by DES with each third of the hash, which is filled up with zeros.
    private static func response(to challenge: [UInt8], _ hash: SecretBytes) -> [UInt8] {
        let key = SecretBytes.concatenation(hash, .zeros(keyLength * 3 - hash.count))
        return key.withUnsafeBytes { octets in
            stride(from: 0, to: octets.count, by: keyLength).flatMap { start in
                encrypt(challenge, UnsafeRawBufferPointer(rebasing: octets[start..<start + keyLength]))
            }
        }
    }

    private static let keyLength = 7

    /// RFC 2759 section 8.6: the 56 bits of the key, seven to an octet.
    private static func encrypt(_ block: [UInt8], _ key: UnsafeRawBufferPointer) -> [UInt8] {
        let spread = SecretBytes(count: 8) { octets in
            for index in octets.indices {
                let left = index > 0 ? key[index - 1] << (8 - index) : 0
                let right = index < key.count ? key[index] >> index : 0
                octets[index] = (left | right) & 0xFE
            }
        }
        var result = [UInt8](repeating: 0, count: 8)
        spread.withUnsafeBytes { ossl_des_encrypt($0.baseAddress, block, &result) }
        return result
    }
}

// MARK: - The server's proof

extension MSCHAPV2Proof {
    /// Whether a client's NT-Response is the right one, in a time that does not tell where it differs.
    package func isResponse(_ octets: [UInt8]) -> Bool {
        response.withUnsafeBytes { response in octets.withUnsafeBytes { constantTimeEqual(response, $0) } }
    }

    /// RFC 2759 section 8.7: 20 octets, which are sent in hexadecimal behind "S=".
    package func authenticatorResponse() throws(CryptoError) -> [UInt8] {
        let first = Array("Magic server to client signing constant".utf8)
        let second = Array("Pad to make it do more than one iteration".utf8)
        let digest = try Self.sha1(hashOfHash, response + first)
        let octets = digest.withUnsafeBytes { Array($0) }
        return try Digest.sha1(octets, challenge, second)
    }

    /// Whether a server's proof is the right one, in a time that does not tell where it differs.
    package func isAuthenticatorResponse(_ octets: [UInt8]) throws(CryptoError) -> Bool {
        let expected = try authenticatorResponse()
        return expected.withUnsafeBytes { expected in octets.withUnsafeBytes { constantTimeEqual(expected, $0) } }
    }
}

// MARK: - Keys

extension MSCHAPV2Proof {
    /// The MSK of EAP-MSCHAPv2: 64 octets, the server's MasterReceiveKey and MasterSendKey of 128 bits (RFC 3079 section 3.3), and
    /// zeros.
    package func masterSessionKey() throws(CryptoError) -> SecretBytes {
        let master = try Self.sha1(hashOfHash, response + Array("This is the MPPE Master Key".utf8))
        let toServer = "On the client side, this is the send key; on the server side, it is the receive key."
        let toClient = "On the client side, this is the receive key; on the server side, it is the send key."
        return SecretBytes.concatenation(
            try Self.startKey(master, toServer),
            try Self.startKey(master, toClient),
            .zeros(32)
        )
    }

    /// GetAsymmetricStartKey of RFC 3079 section 3.4 for 128 bits.
    private static func startKey(_ master: SecretBytes, _ magic: String) throws(CryptoError) -> SecretBytes {
        let firstPad = [UInt8](repeating: 0x00, count: 40)
        let secondPad = [UInt8](repeating: 0xF2, count: 40)
        let digest = try sha1(first16(master), firstPad + Array(magic.utf8) + secondPad)
        return first16(digest)
    }

    private static func first16(_ digest: SecretBytes) -> SecretBytes {
        digest.withUnsafeBytes { SecretBytes(copying: $0.prefix(16)) }
    }

    /// SHA-1 over a secret and what is public, as a secret.
    private static func sha1(_ secret: SecretBytes, _ rest: [UInt8]) throws(CryptoError) -> SecretBytes {
        let input = SecretBytes.concatenation(secret, SecretBytes(copying: rest))
        return try SecretBytes(count: 20) { (digest) throws(CryptoError) in
            try input.withUnsafeBytes { (octets) throws(CryptoError) in
                let target = digest.assumingMemoryBound(to: UInt8.self).baseAddress
                try check(EVP_Digest(octets.baseAddress, octets.count, target, nil, EVP_sha1(), nil), "EVP_Digest")
            }
        }
    }
}
