package import IKEWire

/// Why a cryptographic operation was refused or failed.
///
/// What a peer can cause is told apart from what the machine or the caller causes: `authenticationFailed` and
/// `invalidPublicValue` are the peer's, `malformed` is whose octets they were, everything else is not.
package enum CryptoError: Error, Equatable, Sendable {
    /// The algorithm, named in the text, is not offered by this implementation or by the libcrypto it runs on.
    case unsupported(String)
    /// A key, given in octets, has not the length that `algorithm` takes.
    case invalidKeyLength(algorithm: String, octets: Int)
    /// A Key Length attribute, given in bits, that `algorithm` does not take; `nil` where one is needed.
    case invalidKeyLengthAttribute(algorithm: String, bits: Int?)
    /// Data of a length that the operation named `field` cannot take, in octets.
    case invalidLength(field: String, octets: Int)
    /// A packet cipher that was made to seal was asked to open, or the other way round.
    case wrongDirection
    /// The integrity check value does not belong to the key and the data.
    case authenticationFailed
    /// The peer's public value is not one that an honest peer of this key exchange method sends (RFC 6989 section 2).
    case invalidPublicValue(KeyExchangeMethod, PublicValueFault)
    /// Octets from a peer or a file are not what the text names: a certificate, a public key, a PEM file.
    case malformed(String)
    /// libcrypto refused `operation` for no reason that the peer could have caused; the code is that of
    /// `ERR_get_error`.
    case library(operation: String, code: UInt)

    /// What is wrong with a peer's public value.
    package enum PublicValueFault: Hashable, Sendable {
        /// The key exchange data has not the length of the group, in octets (RFC 7296 section 3.4).
        case length(expected: Int, received: Int)
        /// A MODP value outside 1 < r < p - 1 (RFC 6989 section 2.1).
        case outOfRange
        /// Coordinates that do not satisfy the curve equation or exceed the field (RFC 6989 section 2.3).
        case notOnCurve
        /// A point of small order, with which every shared secret is zero (RFC 7748 section 6).
        case smallOrder
    }
}

// MARK: - Text

extension CryptoError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsupported(let algorithm):
            "\(algorithm) is not supported"
        case .invalidKeyLength(let algorithm, let octets):
            "a key of \(octets) octets does not fit \(algorithm)"
        case .invalidKeyLengthAttribute(let algorithm, let bits?):
            "\(algorithm) has no key length of \(bits) bits"
        case .invalidKeyLengthAttribute(let algorithm, nil):
            "\(algorithm) needs a key length"
        case .invalidLength(let field, let octets):
            "\(octets) octets are no possible length of \(field)"
        case .wrongDirection:
            "the packet cipher was made for the other direction"
        case .authenticationFailed:
            "the integrity check value is wrong"
        case .invalidPublicValue(let method, let fault):
            "public value of \(method): \(fault)"
        case .malformed(let what):
            "not a readable \(what)"
        case .library(let operation, let code):
            "libcrypto: \(operation) failed (error \(String(code, radix: 16)))"
        }
    }
}

extension CryptoError.PublicValueFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .length(let expected, let received): "\(received) octets instead of \(expected)"
        case .outOfRange: "outside the legal range"
        case .notOnCurve: "not a point of the curve"
        case .smallOrder: "a point of small order"
        }
    }
}
