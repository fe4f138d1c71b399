import COpenSSL

// ECDSA signatures in two forms: ECDSA-Sig-Value in DER, which libcrypto makes, and `r | s`, each number in network order and
// as long as the order of the curve (RFC 4754 section 7).

extension SignatureScheme {
    /// The signature as libcrypto takes it. Throws `invalidLength` for an `r | s` of another length than the curve's.
    func librarySignature(_ signature: [UInt8], for key: PublicKey) throws(CryptoError) -> [UInt8] {
        guard case .ecdsaConcatenated = self, case .ecdsa(let curve) = key.kind else { return signature }
        return try curve.signatureValue(concatenated: signature)
    }

    /// The signature that libcrypto made, as the scheme sends it.
    func signature(fromLibrary signature: [UInt8], for key: PublicKey) throws(CryptoError) -> [UInt8] {
        guard case .ecdsaConcatenated = self, case .ecdsa(let curve) = key.kind else { return signature }
        return try curve.concatenated(signatureValue: signature)
    }
}

extension PublicKey.ECDSACurve {
    fileprivate func signatureValue(concatenated signature: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard signature.count == 2 * numberLength else {
            throw .invalidLength(field: "ECDSA signature on \(self)", octets: signature.count)
        }
        let value = try LibraryObject(ECDSA_SIG_new(), freedBy: ECDSA_SIG_free, "ECDSA_SIG_new")
        let length = Int32(numberLength)
        let (r, s) = signature.withUnsafeBufferPointer { octets in
            (
                BN_bin2bn(octets.baseAddress, length, nil),
                BN_bin2bn(octets.baseAddress.map { $0 + numberLength }, length, nil)
            )
        }
        // Takes over both numbers, and neither if one is missing.
        guard ECDSA_SIG_set0(value.pointer, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            throw .library("ECDSA_SIG_set0")
        }
        return try encoded(value.pointer, by: i2d_ECDSA_SIG, "i2d_ECDSA_SIG")
    }

    fileprivate func concatenated(signatureValue: [UInt8]) throws(CryptoError) -> [UInt8] {
        let value = try LibraryObject(
            decoding: signatureValue,
            as: "ECDSA signature",
            by: d2i_ECDSA_SIG,
            freedBy: ECDSA_SIG_free
        )
        return try octets(of: ECDSA_SIG_get0_r(value.pointer)) + octets(of: ECDSA_SIG_get0_s(value.pointer))
    }

    private func octets(of number: OpaquePointer?) throws(CryptoError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: numberLength)
        try check(BN_bn2binpad(number, &octets, Int32(numberLength)), "BN_bn2binpad")
        return octets
    }
}
