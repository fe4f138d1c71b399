import IKECrypto
import IKEWire

/// One side of the TLS session that EAP-TLS and EAP-TTLS have in common: packets in, packets out.
///
/// Holds the session by reference: a copy of a conversation is the same conversation.
struct EAPTunnel {
    /// What a packet led to.
    enum Step {
        /// To be sent as it is: a fragment, or the acknowledgement of one.
        case packet([UInt8])
        /// The other end has said all it has to say for now, with this inside the tunnel.
        case turn(SecretBytes)
        /// TLS has failed. The packet tells the other end by an alert; it is nil if the other end knows.
        case failed(NegotiationFailure, packet: [UInt8]?)
    }

    let method: EAPMethod
    let session: TLSSession
    private var fragments: TLSFragments

    init(_ method: EAPMethod, _ settings: TLSSettings) throws(NegotiationFailure) {
        self.method = method
        fragments = TLSFragments(method)
        do throws(CryptoError) {
            session = try TLSSession(settings)
        } catch {
            throw .eapCryptography(method, error)
        }
    }

    /// Throws for a packet that breaks the rules, from which the conversation does not recover.
    mutating func receive(_ packet: [UInt8]) throws(NegotiationFailure) -> Step {
        switch try fragments.receive(packet) {
        case .packet(let packet): return .packet(packet)
        case .message(let message):
            do throws(TLSFailure) {
                try session.receive(message)
                try session.proceed()
                return .turn(session.isEstablished ? try session.read() : .empty)
            } catch {
                let alert = session.takeOutput()
                let packet = alert.isEmpty ? nil : fragments.send(alert)
                return .failed(.eap("\(method) fails: \(error)"), packet: packet)
            }
        }
    }

    /// Begins, as the client.
    mutating func open() throws(NegotiationFailure) -> [UInt8] {
        do throws(TLSFailure) {
            try session.proceed()
        } catch {
            throw .eapCryptography(method, error)
        }
        return send()
    }

    /// All that TLS has to say, in one packet or the first of several; an acknowledgement if that is nothing.
    mutating func send() -> [UInt8] { fragments.send(session.takeOutput()) }

    /// The same with something for the inside of the tunnel.
    mutating func send(_ data: SecretBytes) throws(NegotiationFailure) -> [UInt8] {
        do throws(TLSFailure) {
            try session.write(data)
        } catch {
            throw .eap("\(method) fails: \(error)")
        }
        return send()
    }

    /// What the method proved, once the session is established.
    func outcome(identity: [UInt8]) throws(NegotiationFailure) -> EAPOutcome {
        guard let summary = session.summary else {
            throw .malformedEAP("\(method) ends before its TLS session is there")
        }
        do throws(CryptoError) {
            let key = try masterSessionKey(summary.version)
            var outcome = EAPOutcome(method: method.type, identity: identity, msk: key, tls: summary)
            outcome.pendingRevocation = session.pendingRevocation
            return outcome
        } catch {
            throw .eapCryptography(method, error)
        }
    }

    /// RFC 5216 section 2.3, RFC 5281 section 8; for TLS 1.3 RFC 9190 section 2.3, and RFC 9427 section 2.1 for TTLS. The octets
    /// depend on how many are asked for: the MSK is the first half.
    private func masterSessionKey(_ version: TLSVersion) throws(CryptoError) -> SecretBytes? {
        let (label, context): (String, [UInt8]?) =
            switch (version, method) {
            case (.tls13, _): ("EXPORTER_EAP_TLS_Key_Material", [method.type.rawValue])
            case (.tls12, .ttls): ("ttls keying material", nil)
            case (.tls12, _): ("client EAP encryption", nil)
            }
        return try session.export(label: label, context: context, length: 128).slice(0..<64)
    }
}

extension EAPTLSCredentials {
    func settings(_ role: TLSSettings.Role, peer: Identification?, asksForClientCertificate: Bool) -> TLSSettings {
        TLSSettings(
            role: role,
            certificates: certificates,
            privateKey: privateKey,
            trust: trust,
            authorities: authorities,
            revocation: revocation,
            today: today,
            peerIdentity: peer,
            asksForClientCertificate: asksForClientCertificate,
            versions: versions
        )
    }
}
