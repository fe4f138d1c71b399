/// The AUTH value of peers that share a key (RFC 7296 section 2.15), or an EAP method's MSK in its place (section
/// 2.16).
package enum SharedKeyAuthentication {
    /// `AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), message | peer's nonce | prf(SK_p, ID'))`.
    ///
    /// - Parameters:
    ///   - psk: The shared secret.
    ///   - message: The signer's own IKE_SA_INIT message as it was sent, from the first SPI on, without a non-ESP
    ///     marker.
    ///   - peerNonce: The nonce of the other side, without its payload header.
    ///   - skP: SK_pi if the signer is the initiator of the IKE SA, else SK_pr.
    ///   - idBody: The signer's ID payload without its generic header: type, reserved octets and data.
    package static func sign(
        prf: PRF,
        psk: SecretBytes,
        message: [UInt8],
        peerNonce: [UInt8],
        skP: SecretBytes,
        idBody: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        try code(prf: prf, psk: psk, message: message, peerNonce: peerNonce, skP: skP, idBody: idBody)
            .withUnsafeBytes { [UInt8]($0) }
    }

    /// Whether `authentication` is the value that the peer's message, identity and our nonce give. The parameters are
    /// seen from the signer; the comparison takes the same time wherever a difference is.
    package static func verify(
        _ authentication: [UInt8],
        prf: PRF,
        psk: SecretBytes,
        message: [UInt8],
        peerNonce: [UInt8],
        skP: SecretBytes,
        idBody: [UInt8]
    ) throws(CryptoError) -> Bool {
        let expected = try code(prf: prf, psk: psk, message: message, peerNonce: peerNonce, skP: skP, idBody: idBody)
        return expected == SecretBytes(copying: authentication)
    }

    private static func code(
        prf: PRF,
        psk: SecretBytes,
        message: [UInt8],
        peerNonce: [UInt8],
        skP: SecretBytes,
        idBody: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        let key = try prf.compute(key: psk, Array("Key Pad for IKEv2".utf8))
        let macedID = try prf.compute(key: skP, idBody).withUnsafeBytes { [UInt8]($0) }
        return try prf.compute(key: key, message, peerNonce, macedID)
    }
}
