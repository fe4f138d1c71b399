import IKECrypto

extension PrivateKey {
    /// From octets that are no secret, as those of test vectors.
    init(parsing octets: [UInt8], passphrase: SecretBytes?) throws(PrivateKeyError) {
        try self.init(parsing: SecretBytes(copying: octets), passphrase: passphrase)
    }
}
