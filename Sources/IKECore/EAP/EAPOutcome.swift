package import IKECrypto
package import IKEWire

/// What a conversation proved.
package struct EAPOutcome: Sendable {
    package let method: EAPType
    /// Who the client is proved to be: the user name of MSCHAPv2, alone or within TTLS; with TLS the EAP identity that the
    /// client's certificate confirms, or the certificate's subject where the client gave no identity.
    package let identity: [UInt8]
    /// The key that AUTH is made with (RFC 7296 section 2.16): 64 octets; nil where a method derives none.
    package let msk: SecretBytes?
    /// How the tunnel came about; nil where there is none.
    package let tls: TLSSummary?
    /// What must be found out first about the other end's certificate; nil: nothing, or it is settled.
    package var pendingRevocation: RevocationCheck?

    package init(method: EAPType, identity: [UInt8], msk: SecretBytes?, tls: TLSSummary?) {
        self.method = method
        self.identity = identity
        self.msk = msk
        self.tls = tls
    }
}

extension EAPOutcome {
    /// The outcome, once it is known what could be found out about the other end's certificate.
    func settled(by evidence: RevocationEvidence) throws(NegotiationFailure) -> EAPOutcome {
        guard let pendingRevocation else { return self }
        do throws(CertificateRejection) {
            try pendingRevocation.conclude(evidence)
        } catch {
            throw NegotiationFailure(
                .authenticationFailed,
                "the certificate of the other end of EAP-\(method) is not accepted: \(error)",
                notify: Notify(.authenticationFailed)
            )
        }
        var settled = self
        settled.pendingRevocation = nil
        return settled
    }
}
