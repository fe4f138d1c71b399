/// Finding payloads by what they are. Where RFC 7296 allows one only, the first is meant: an exchange that counts them does
/// so by `type`.
extension [Payload] {
    /// The proposals of the SA payload.
    package var securityAssociation: [Proposal]? {
        first { if case .securityAssociation(let proposals) = $0 { proposals } else { nil } }
    }

    /// The KE payload.
    package var keyExchange: KeyExchangePayload? {
        first { if case .keyExchange(let keyExchange) = $0 { keyExchange } else { nil } }
    }

    /// The octets of the Nonce payload.
    package var nonce: [UInt8]? {
        first { if case .nonce(let octets) = $0 { octets } else { nil } }
    }

    /// The IDi payload.
    package var identificationInitiator: Identification? {
        first { if case .identificationInitiator(let identification) = $0 { identification } else { nil } }
    }

    /// The IDr payload.
    package var identificationResponder: Identification? {
        first { if case .identificationResponder(let identification) = $0 { identification } else { nil } }
    }

    /// The AUTH payload.
    package var authentication: Authentication? {
        first { if case .authentication(let authentication) = $0 { authentication } else { nil } }
    }

    /// The selectors of the TSi payload, those of unknown types included.
    package var trafficSelectorsInitiator: [TrafficSelectorEntry]? {
        first { if case .trafficSelectorsInitiator(let entries, reserved: _) = $0 { entries } else { nil } }
    }

    /// The selectors of the TSr payload, those of unknown types included.
    package var trafficSelectorsResponder: [TrafficSelectorEntry]? {
        first { if case .trafficSelectorsResponder(let entries, reserved: _) = $0 { entries } else { nil } }
    }

    /// The CP payload.
    package var configuration: Configuration? {
        first { if case .configuration(let configuration) = $0 { configuration } else { nil } }
    }

    /// The message of the EAP payload.
    package var eap: EAPMessage? {
        first { if case .eap(let message) = $0 { message } else { nil } }
    }

    /// The keys of the PS payload.
    package var puzzleSolution: PuzzleSolution? {
        first { if case .puzzleSolution(let solution) = $0 { solution } else { nil } }
    }

    /// The SK payload, not decrypted.
    package var encrypted: Encrypted? {
        first { if case .encrypted(let encrypted) = $0 { encrypted } else { nil } }
    }

    /// The SKF payload, not decrypted.
    package var encryptedFragment: EncryptedFragment? {
        first { if case .encryptedFragment(let fragment) = $0 { fragment } else { nil } }
    }

    private func first<Value>(_ extract: (Payload.Body) -> Value?) -> Value? {
        for payload in self {
            if let value = extract(payload.body) { return value }
        }
        return nil
    }
}

// MARK: - Payloads of which there may be several

extension [Payload] {
    /// All notifications in their order.
    package var notifies: [Notify] {
        compactMap { if case .notify(let notify) = $0.body { notify } else { nil } }
    }

    /// The first notification of a type.
    package func notify(_ type: NotifyType) -> Notify? {
        notifies.first { $0.type == type }
    }

    /// All deletions in their order.
    package var deletes: [Delete] {
        compactMap { if case .delete(let delete) = $0.body { delete } else { nil } }
    }

    /// All certificates; the first is the sender's own (RFC 7296 section 3.6).
    package var certificates: [Certificate] {
        compactMap { if case .certificate(let certificate) = $0.body { certificate } else { nil } }
    }

    /// All certificate requests.
    package var certificateRequests: [CertificateRequest] {
        compactMap { if case .certificateRequest(let request) = $0.body { request } else { nil } }
    }

    /// The octets of all Vendor ID payloads.
    package var vendorIDs: [[UInt8]] {
        compactMap { if case .vendorID(let octets) = $0.body { octets } else { nil } }
    }

    /// The first type that is not known here though its sender insists: the message must be rejected with
    /// UNSUPPORTED_CRITICAL_PAYLOAD (RFC 7296 section 2.5).
    package var unsupportedCritical: PayloadType? {
        for payload in self where payload.isCritical {
            if case .unknown(let type, _) = payload.body { return type }
        }
        return nil
    }
}
