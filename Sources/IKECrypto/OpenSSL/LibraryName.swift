import COpenSSL
import IKEWire

/// The Name of a subject or an issuer (RFC 5280 section 4.1.2.4), handed about as its DER.
enum LibraryName {
    /// "C=CH, O=example, CN=gw", in the order of the certificate. What could break or disguise a log line is escaped.
    static func text(of name: OpaquePointer?) throws(CryptoError) -> String {
        let output = try MemoryOutput()
        let flags =
            XN_FLAG_SEP_CPLUS_SPC | ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_QUOTE
            | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN | ASN1_STRFLGS_DUMP_DER
        guard X509_NAME_print_ex(output.pointer, name, 0, UInt(flags)) >= 0 else {
            throw .library("X509_NAME_print_ex")
        }
        return String(decoding: try output.octets(), as: UTF8.self).withInvisibleEscaped
    }

    /// Whether two Names in DER are the same: letters' case, runs of blanks and the kind of string do not count (RFC 5280
    /// section 7.1). False for what is no Name.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        do throws(CryptoError) {
            let left = try LibraryObject(decoding: left, as: "name", by: d2i_X509_NAME, freedBy: X509_NAME_free)
            let right = try LibraryObject(decoding: right, as: "name", by: d2i_X509_NAME, freedBy: X509_NAME_free)
            return X509_NAME_cmp(left.pointer, right.pointer) == 0
        } catch {
            return false
        }
    }
}

extension String {
    /// With the characters that have no shape of their own, or turn the writing direction, as \u{...}.
    fileprivate var withInvisibleEscaped: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.isPrintable {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
    }
}
