import IKEWire
import VICI

// The command `get-algorithms`: what can be negotiated, by charon's names of the kinds. All of it is libcrypto's.

extension VICIMessage {
    static var algorithms: VICIMessage {
        let ciphers = Transform.supported(.encryption).map { EncryptionAlgorithm(rawValue: $0.id) }
        let integrities = Transform.supported(.integrity).map { IntegrityAlgorithm(rawValue: $0.id).description }
        let functions = Transform.supported(.prf).map { PRFAlgorithm(rawValue: $0.id).description }
        let methods = Transform.supported(.keyExchange).filter { $0 != .keyExchange(.none) }
            .map { KeyExchangeMethod(rawValue: $0.id).description }
        return [
            "encryption": section(ciphers.filter { !$0.isAEAD }.map(\.description)),
            "integrity": section(integrities),
            "aead": section(ciphers.filter(\.isAEAD).map(\.description)),
            "prf": section(functions),
            "ke": section(methods),
        ]
    }

    /// Each name once, with who implements it.
    private static func section(_ names: [String]) -> Element {
        var section = VICIMessage()
        for name in names { section.set(name, "openssl") }
        return .section(section)
    }
}
