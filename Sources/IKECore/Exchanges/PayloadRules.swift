import IKEWire

/// What a message must carry and what it may not carry twice (RFC 7296 section 1.2 to 1.5 and appendix C).
///
/// The rules are checked before any exchange looks at a payload. Payloads beyond them are passed over, as the RFC wants
/// of notifies, vendor IDs and what future versions bring; an unknown payload with the critical bit is refused.
struct PayloadRule {
    /// What the message is, for the log.
    let story: String
    let required: [PayloadType]

    static let initRequest = PayloadRule(
        story: "IKE_SA_INIT request",
        required: [.securityAssociation, .keyExchange, .nonce]
    )
    static let initResponse = PayloadRule(
        story: "IKE_SA_INIT response",
        required: [.securityAssociation, .keyExchange, .nonce]
    )
    static let authRequest = PayloadRule(
        story: "IKE_AUTH request",
        required: [.identificationInitiator, .authentication]
    )
    static let authResponse = PayloadRule(
        story: "IKE_AUTH response",
        required: [.identificationResponder, .authentication]
    )
    static let eapRequest = PayloadRule(
        story: "IKE_AUTH request that leaves the proof to EAP",
        required: [.identificationInitiator]
    )
    static let eapOnlyResponse = PayloadRule(
        story: "IKE_AUTH response that leaves the proof to EAP",
        required: [.identificationResponder, .eap]
    )
    static let eapMessage = PayloadRule(story: "IKE_AUTH message within EAP", required: [.eap])
    static let eapConclusion = PayloadRule(story: "IKE_AUTH message after EAP", required: [.authentication])
    static let laterRound = PayloadRule(story: "IKE_AUTH message of a further round", required: [])
    static let createChild = PayloadRule(
        story: "CREATE_CHILD_SA message for a CHILD SA",
        required: [.securityAssociation, .nonce, .trafficSelectorsInitiator, .trafficSelectorsResponder]
    )
    static let rekeyIKE = PayloadRule(
        story: "CREATE_CHILD_SA message for an IKE SA",
        required: [.securityAssociation, .nonce, .keyExchange]
    )
    static let informational = PayloadRule(story: "INFORMATIONAL message", required: [])

    /// Payload types of which a message carries several.
    private static let repeatable: Set<PayloadType> = [
        .notify, .delete, .vendorID, .certificate, .certificateRequest,
    ]

    func check(_ payloads: [Payload]) throws(NegotiationFailure) {
        if let type = payloads.unsupportedCritical {
            throw NegotiationFailure(
                .unsupported,
                "the \(story) has a critical payload of type \(type.rawValue), which is not supported",
                notify: Notify(.unsupportedCriticalPayload, data: [type.rawValue])
            )
        }
        for type in required where !payloads.contains(where: { $0.type == type }) {
            throw malformed("lacks its \(type) payload")
        }
        var seen: Set<PayloadType> = []
        for payload in payloads where !Self.repeatable.contains(payload.type) {
            if case .unknown = payload.body { continue }
            if !seen.insert(payload.type).inserted { throw malformed("has two \(payload.type) payloads") }
        }
    }

    /// The refusal of a request of a kind that has no place on an SA that stands.
    static func unexpected(_ exchangeType: ExchangeType) -> NegotiationFailure {
        NegotiationFailure(
            .invalidMessage,
            "the peer sent a request \(exchangeType), which has no place on an SA that stands",
            notify: Notify(.invalidSyntax)
        )
    }

    /// The refusal of a message that decodes but breaks the protocol.
    func malformed(_ complaint: String) -> NegotiationFailure {
        NegotiationFailure(.invalidMessage, "the \(story) \(complaint)", notify: Notify(.invalidSyntax))
    }
}
