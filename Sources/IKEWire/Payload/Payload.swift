/// One payload of a message: its content and the bits of its generic header (RFC 7296 section 3.2).
package struct Payload: Hashable, Sendable {
    /// The content.
    package var body: Body
    /// Asks a receiver that does not know this type to reject the message; ignored by one that does (RFC 7296 section 2.5).
    package var isCritical = false
    /// The seven bits behind the critical bit.
    package var reserved: Reserved<UInt8> = 0

    /// A payload to send; payloads that RFC 7296 defines are never critical.
    package init(_ body: Body, critical: Bool = false) {
        self.body = body
        self.isCritical = critical
    }

    /// The content, by type.
    package enum Body: Hashable, Sendable {
        case securityAssociation([Proposal])
        case keyExchange(KeyExchangePayload)
        case identificationInitiator(Identification)
        case identificationResponder(Identification)
        case certificate(Certificate)
        case certificateRequest(CertificateRequest)
        case authentication(Authentication)
        /// 16 to 256 octets.
        case nonce([UInt8])
        case notify(Notify)
        case delete(Delete)
        case vendorID([UInt8])
        case trafficSelectorsInitiator([TrafficSelectorEntry], reserved: Reserved<UInt32> = 0)
        case trafficSelectorsResponder([TrafficSelectorEntry], reserved: Reserved<UInt32> = 0)
        case encrypted(Encrypted)
        case encryptedFragment(EncryptedFragment)
        case configuration(Configuration)
        case eap(EAPMessage)
        case puzzleSolution(PuzzleSolution)
        /// A type that is not known here, with its octets.
        case unknown(PayloadType, [UInt8])
    }

    /// The type, as the header of the payload in front names it.
    package var type: PayloadType { body.type }
}

extension Payload.Body {
    /// The payload type that carries this content.
    package var type: PayloadType {
        switch self {
        case .securityAssociation: .securityAssociation
        case .keyExchange: .keyExchange
        case .identificationInitiator: .identificationInitiator
        case .identificationResponder: .identificationResponder
        case .certificate: .certificate
        case .certificateRequest: .certificateRequest
        case .authentication: .authentication
        case .nonce: .nonce
        case .notify: .notify
        case .delete: .delete
        case .vendorID: .vendorID
        case .trafficSelectorsInitiator: .trafficSelectorsInitiator
        case .trafficSelectorsResponder: .trafficSelectorsResponder
        case .encrypted: .encrypted
        case .encryptedFragment: .encryptedFragment
        case .configuration: .configuration
        case .eap: .eap
        case .puzzleSolution: .puzzleSolution
        case .unknown(let type, _): type
        }
    }

    /// What the header of an encrypted payload names as the first payload inside; nil for all others.
    var firstHiddenPayload: PayloadType? {
        switch self {
        case .encrypted(let encrypted): encrypted.firstPayload
        case .encryptedFragment(let fragment): fragment.firstPayload
        default: nil
        }
    }
}

// MARK: - Octets

extension Payload.Body {
    /// Reads the content of one payload, for which `reader` has been cut to size; what it leaves over is an error of the caller's.
    ///
    /// - Parameter first: the next-payload field, which an encrypted payload uses for itself.
    init(_ type: PayloadType, first: PayloadType, from reader: inout Reader) throws(WireError) {
        switch type {
        case .securityAssociation: self = .securityAssociation(try SecurityAssociation.proposals(from: &reader))
        case .keyExchange: self = .keyExchange(try KeyExchangePayload(from: &reader))
        case .identificationInitiator: self = .identificationInitiator(try Identification(from: &reader))
        case .identificationResponder: self = .identificationResponder(try Identification(from: &reader))
        case .certificate: self = .certificate(try Certificate(from: &reader))
        case .certificateRequest: self = .certificateRequest(try CertificateRequest(from: &reader))
        case .authentication: self = .authentication(try Authentication(from: &reader))
        case .nonce: self = .nonce(try Nonce.octets(from: &reader))
        case .notify: self = .notify(try Notify(from: &reader))
        case .delete: self = .delete(try Delete(from: &reader))
        case .vendorID: self = .vendorID(reader.rest())
        case .trafficSelectorsInitiator:
            let (entries, reserved) = try TrafficSelectors.entries(from: &reader)
            self = .trafficSelectorsInitiator(entries, reserved: reserved)
        case .trafficSelectorsResponder:
            let (entries, reserved) = try TrafficSelectors.entries(from: &reader)
            self = .trafficSelectorsResponder(entries, reserved: reserved)
        case .encrypted: self = .encrypted(Encrypted(firstPayload: first, from: &reader))
        case .encryptedFragment: self = .encryptedFragment(try EncryptedFragment(firstPayload: first, from: &reader))
        case .configuration: self = .configuration(try Configuration(from: &reader))
        case .eap: self = .eap(try EAPMessage(from: &reader))
        case .puzzleSolution: self = .puzzleSolution(try PuzzleSolution(from: &reader))
        default: self = .unknown(type, reader.rest())
        }
    }

    func write(to writer: inout Writer) throws(WireError) {
        switch self {
        case .securityAssociation(let proposals): try SecurityAssociation.write(proposals, to: &writer)
        case .keyExchange(let keyExchange): keyExchange.write(to: &writer)
        case .identificationInitiator(let identification), .identificationResponder(let identification):
            try identification.write(to: &writer)
        case .certificate(let certificate): certificate.write(to: &writer)
        case .certificateRequest(let request): request.write(to: &writer)
        case .authentication(let authentication): authentication.write(to: &writer)
        case .nonce(let octets): try Nonce.write(octets, to: &writer)
        case .notify(let notify): try notify.write(to: &writer)
        case .delete(let delete): try delete.write(to: &writer)
        case .vendorID(let octets): writer.octets(octets)
        case .trafficSelectorsInitiator(let entries, let reserved),
            .trafficSelectorsResponder(let entries, let reserved):
            try TrafficSelectors.write(entries, reserved: reserved, to: &writer)
        case .encrypted(let encrypted): encrypted.write(to: &writer)
        case .encryptedFragment(let fragment): try fragment.write(to: &writer)
        case .configuration(let configuration): try configuration.write(to: &writer)
        case .eap(let message): try message.write(to: &writer)
        case .puzzleSolution(let solution): try solution.write(to: &writer)
        case .unknown(_, let octets): writer.octets(octets)
        }
    }
}
