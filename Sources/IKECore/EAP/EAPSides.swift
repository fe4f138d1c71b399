import IKEWire

/// The client's side of one method. What follows the type octet of a request comes in, what follows that of the response goes out.
protocol EAPClientMethod {
    /// What the server's Success may be believed for; nil before the method is done.
    var outcome: EAPOutcome? { get }
    /// Why the server will end in Failure, where the method has learned it.
    var failure: NegotiationFailure? { get }

    /// Throws for a request that breaks the method's rules: there is no answer to that.
    mutating func respond(to request: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> [UInt8]
}

/// The server's side of one method. What follows the type octet of a response comes in, what follows that of a request goes out.
protocol EAPServerMethod {
    /// Why the client is refused, once the last request has told it so.
    var refusal: NegotiationFailure? { get }

    mutating func begin(identifier: UInt8) throws(NegotiationFailure) -> [UInt8]
    /// `identifier` is for the next request. Throws what the conversation fails with.
    mutating func process(_ response: [UInt8], identifier: UInt8) throws(NegotiationFailure) -> EAPServerStep
}

enum EAPServerStep {
    case request([UInt8])
    case done(EAPOutcome)
}

// MARK: - Failures

extension NegotiationFailure {
    /// Somebody did not prove what they had to; the peer learns AUTHENTICATION_FAILED beside EAP's own Failure.
    static func eap(_ message: String) -> NegotiationFailure {
        NegotiationFailure(.authenticationFailed, message, notify: Notify(.authenticationFailed))
    }

    /// The peer breaks the rules of EAP or of a method.
    static func malformedEAP(_ message: String) -> NegotiationFailure {
        NegotiationFailure(.invalidMessage, message, notify: Notify(.authenticationFailed))
    }

    /// libcrypto, or what is configured, does not do what is needed; nothing that the peer is to blame for.
    static func eapCryptography(_ method: EAPMethod, _ error: some Error) -> NegotiationFailure {
        NegotiationFailure(
            .cryptography,
            "\(method) cannot be calculated: \(error)",
            notify: Notify(.authenticationFailed)
        )
    }
}

// MARK: - Text

/// What the other end wrote, for a log line: what has no shape of its own is replaced, and a novel is cut.
func eapText(_ octets: some Sequence<UInt8>) -> String {
    let text = String(decoding: Array(octets.prefix(longestText)), as: UTF8.self)
    return text.unicodeScalars.reduce(into: "") { $0.unicodeScalars.append($1.isPrintable ? $1 : "?") }
}

private let longestText = 128
