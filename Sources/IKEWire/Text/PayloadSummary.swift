import Inet

// What a payload says, in a line for people who follow an exchange. Proofs, passwords and whatever else a peer confides are
// not shown, only how long they are.

extension Payload {
    /// The payload's short name of RFC 7296 section 3.2 and what matters of it: `KE CURVE_25519`, `N(COOKIE) 24 octets`.
    package var summary: String { body.summary + (isCritical ? " (critical)" : "") }
}

extension Payload.Body {
    fileprivate var summary: String {
        switch self {
        case .securityAssociation(let proposals): "SA " + Self.list(proposals.map(Self.words))
        case .keyExchange(let exchange): "KE \(exchange.method), \(octets(exchange.data))"
        case .identificationInitiator(let identity): "IDi \(identity) (\(identity.type))"
        case .identificationResponder(let identity): "IDr \(identity) (\(identity.type))"
        case .certificate(let certificate):
            "CERT \(certificate.encoding), "
                + (CertificateLocation(certificate)?.url ?? octets(certificate.data))
        case .certificateRequest(let request):
            "CERTREQ \(request.encoding), \(request.authorityKeyHashes.count) authorities"
        case .authentication(let proof): "AUTH \(proof.method)"
        case .nonce(let nonce): "Nonce \(octets(nonce))"
        case .notify(let notify): notify.summary
        case .delete(let delete): delete.summary
        case .vendorID(let id): "V \(hexadecimal(id.prefix(24)))"
        case .trafficSelectorsInitiator(let entries, _): "TSi " + Self.list(entries.map(Self.words))
        case .trafficSelectorsResponder(let entries, _): "TSr " + Self.list(entries.map(Self.words))
        case .encrypted(let encrypted): "SK \(octets(encrypted.body))"
        case .encryptedFragment(let fragment): "SKF \(fragment.number) of \(fragment.total)"
        case .configuration(let configuration): configuration.summary
        case .eap(let message):
            "EAP \(message.code)" + (message.type.map { " \($0)" } ?? "") + ", identifier \(message.identifier)"
        case .puzzleSolution: "PS"
        case .unknown(let type, let content): "\(type), \(octets(content))"
        }
    }

    private static func words(_ proposal: Proposal) -> String {
        "#\(proposal.number) \(proposal)" + (proposal.spi.isEmpty ? "" : " SPI \(hexadecimal(proposal.spi))")
    }

    private static func words(_ entry: TrafficSelectorEntry) -> String {
        switch entry {
        case .selector(let selector): selector.description
        case .unknown(let type, _, _): "\(type)"
        }
    }

    private static func list(_ words: [String]) -> String { words.joined(separator: ", ") }
}

extension Notify {
    fileprivate var summary: String {
        var text = "N(\(type))"
        if !spi.isEmpty { text += " \(protocolID) SPI \(hexadecimal(spi))" }
        if let number = shownNumber { return text + " \(number)" }
        if type == .invalidKEPayload, data.count == 2 {
            return text + " \(KeyExchangeMethod(rawValue: data.reduce(0) { $0 << 8 | UInt16($1) }))"
        }
        if let methods = supportedAuthMethods, !methods.isEmpty { return text + " " + Self.words(methods) }
        return data.isEmpty ? text : text + " \(octets(data))"
    }

    /// Each method once, with how many algorithms of it there are.
    private static func words(_ announcements: [AuthMethodAnnouncement]) -> String {
        var methods: [AuthenticationMethod] = []
        for announcement in announcements where !methods.contains(announcement.method) {
            methods.append(announcement.method)
        }
        return methods.map { method in
            let count = announcements.count { $0.method == method }
            return count == 1 ? "\(method)" : "\(count) × \(method)"
        }.joined(separator: ", ")
    }

    /// What some notifies carry as a number of 32 bits.
    private var shownNumber: UInt32? {
        guard [.setWindowSize, .authLifetime, .saResourceInfo].contains(type), data.count == 4 else { return nil }
        return data.reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension Delete {
    fileprivate var summary: String {
        guard !spis.isEmpty else { return "D \(protocolID) SA" }
        return "D \(protocolID) SPI " + spis.map { hexadecimal($0) }.joined(separator: ", ")
    }
}

extension Configuration {
    fileprivate var summary: String {
        "CP(\(type)) " + attributes.map(\.summary).joined(separator: ", ")
    }
}

extension ConfigurationAttribute {
    /// Addresses are shown, with the length of the prefix behind those of IPv6.
    fileprivate var summary: String {
        switch value.count {
        case 0: return "\(type)"
        case 4, 16: return IPAddress(bytes: value).map { "\(type) \($0)" } ?? "\(type)"
        case 17:
            let address = IPAddress(bytes: Array(value.prefix(16)))
            return address.map { "\(type) \($0)/\(value.last ?? 0)" } ?? "\(type)"
        default: return "\(type) \(octets(value))"
        }
    }
}

private func octets(_ content: [UInt8]) -> String { "\(content.count) octets" }
