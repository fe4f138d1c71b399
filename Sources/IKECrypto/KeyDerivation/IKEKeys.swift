/// The seven secrets of an IKE SA (RFC 7296 section 2.14).
package struct IKEKeys: Sendable {
    /// Makes the keys of CHILD SAs and of the IKE SA's successor.
    package let d: SecretBytes
    /// Integrity of the messages of the original initiator; empty for an AEAD.
    package let ai: SecretBytes
    /// Integrity of the messages of the original responder; empty for an AEAD.
    package let ar: SecretBytes
    /// Encryption of the messages of the original initiator, with the salt.
    package let ei: SecretBytes
    /// Encryption of the messages of the original responder, with the salt.
    package let er: SecretBytes
    /// Binds the initiator's identity to its AUTH value.
    package let pi: SecretBytes
    /// Binds the responder's identity to its AUTH value.
    package let pr: SecretBytes

    package init(
        d: SecretBytes,
        ai: SecretBytes,
        ar: SecretBytes,
        ei: SecretBytes,
        er: SecretBytes,
        pi: SecretBytes,
        pr: SecretBytes
    ) {
        self.d = d
        self.ai = ai
        self.ar = ar
        self.ei = ei
        self.er = er
        self.pi = pi
        self.pr = pr
    }

    /// What the original initiator's messages are protected with.
    package var initiator: CipherKeys { CipherKeys(encryption: ei, integrity: ai) }
    /// What the original responder's messages are protected with.
    package var responder: CipherKeys { CipherKeys(encryption: er, integrity: ar) }
}
