/// The keys of one direction of an SA, as long as its suite asks for.
package struct CipherKeys: Sendable {
    /// The cipher's key followed by its salt.
    package let encryption: SecretBytes
    /// Empty for an AEAD.
    package let integrity: SecretBytes

    package init(encryption: SecretBytes, integrity: SecretBytes) {
        self.encryption = encryption
        self.integrity = integrity
    }
}
