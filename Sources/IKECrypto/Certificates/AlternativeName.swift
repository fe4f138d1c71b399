import COpenSSL
import IKEWire

/// One name of a certificate's subjectAltName (RFC 5280 section 4.2.1.6).
package enum AlternativeName: Hashable, Sendable {
    /// A domain name, ASCII.
    case dns(String)
    /// A mail address, ASCII.
    case email(String)
    /// 4 or 16 octets in network order.
    case address([UInt8])
    /// A Name in DER.
    case directoryName([UInt8])
    /// A URI, a registered number, or a name that breaks its own rules: nothing that an identity is compared with.
    case other
}

extension AlternativeName {
    /// The names of a GENERAL_NAMES.
    static func names(of stack: OpaquePointer?) throws(CryptoError) -> [AlternativeName] {
        var names: [AlternativeName] = []
        for name in elements(of: stack) {
            names.append(try AlternativeName(name.assumingMemoryBound(to: GENERAL_NAME.self)))
        }
        return names
    }

    private init(_ name: UnsafePointer<GENERAL_NAME>) throws(CryptoError) {
        var type: Int32 = 0
        let value = GENERAL_NAME_get0_value(name, &type)
        switch type {
        case GEN_DNS: self = Self.ascii(value).map { .dns($0) } ?? .other
        case GEN_EMAIL: self = Self.ascii(value).map { .email($0) } ?? .other
        case GEN_IPADD:
            let address = octets(of: value?.assumingMemoryBound(to: ASN1_STRING.self))
            self = [4, 16].contains(address.count) ? .address(address) : .other
        case GEN_DIRNAME:
            self = .directoryName(try encoded(value.map { OpaquePointer($0) }, by: i2d_X509_NAME, "i2d_X509_NAME"))
        default: self = .other
        }
    }

    /// The URIs of a GENERAL_NAMES.
    static func uris(of stack: OpaquePointer?) -> [String] {
        elements(of: stack).compactMap { uri(of: $0.assumingMemoryBound(to: GENERAL_NAME.self)) }
    }

    static func uri(of name: UnsafePointer<GENERAL_NAME>?) -> String? {
        var type: Int32 = 0
        guard let name, let value = GENERAL_NAME_get0_value(name, &type), type == GEN_URI else { return nil }
        return ascii(value)
    }

    /// The text of an IA5String, which is ASCII; a control character in it, such as the zero that ends a C string early, is
    /// there to deceive.
    private static func ascii(_ value: UnsafeMutableRawPointer?) -> String? {
        let octets = octets(of: value?.assumingMemoryBound(to: ASN1_STRING.self))
        guard !octets.isEmpty, octets.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        return String(decoding: octets, as: UTF8.self)
    }
}
