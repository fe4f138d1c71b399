import IKECrypto
import IKEWire
import Testing

/// What a person reads when cryptography refuses.
@Suite struct CryptoErrorTests {
    @Test(arguments: [
        (CryptoError.unsupported("CAMELLIA_CBC"), "CAMELLIA_CBC is not supported"),
        (.invalidKeyLength(algorithm: "AES_CBC", octets: 5), "a key of 5 octets does not fit AES_CBC"),
        (.invalidKeyLengthAttribute(algorithm: "AES_CBC", bits: 64), "AES_CBC has no key length of 64 bits"),
        (.invalidKeyLengthAttribute(algorithm: "AES_CBC", bits: nil), "AES_CBC needs a key length"),
        (.invalidLength(field: "IV", octets: 3), "3 octets are no possible length of IV"),
        (.wrongDirection, "the packet cipher was made for the other direction"),
        (.authenticationFailed, "the integrity check value is wrong"),
        (
            .invalidPublicValue(.curve25519, .length(expected: 32, received: 31)),
            "public value of CURVE_25519: 31 octets instead of 32"
        ),
        (.invalidPublicValue(.modp2048, .outOfRange), "public value of MODP_2048: outside the legal range"),
        (.invalidPublicValue(.ecp256, .notOnCurve), "public value of ECP_256: not a point of the curve"),
        (.invalidPublicValue(.curve448, .smallOrder), "public value of CURVE_448: a point of small order"),
        (.malformed("certificate"), "not a readable certificate"),
        (.library(operation: "EVP_MAC_init", code: 0x1C), "libcrypto: EVP_MAC_init failed (error 1c)"),
    ])
    func errorsAreSentences(_ error: CryptoError, _ text: String) {
        #expect("\(error)" == text)
    }
}
