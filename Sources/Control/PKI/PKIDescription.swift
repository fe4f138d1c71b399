import IKECrypto
import IKEWire
import Inet

/// Certificates, lists and keys as `pki show` prints them: a line for each thing, label and value.
enum PKIDescription {
    static func text(of certificate: X509Certificate) throws(CryptoError) -> String {
        let names = certificate.alternativeNames.map(\.text)
        var rows = [
            ("subject", certificate.subjectText),
            ("issuer", certificate.issuerText + (certificate.isSelfSigned ? " (self-signed)" : "")),
            ("serial number", hexadecimal(certificate.serialNumber)),
            ("valid", "from \(certificate.notBefore) to \(certificate.notAfter)"),
            ("names", names.isEmpty ? "none" : names.joined(separator: ", ")),
            ("CA", certificate.isAuthority ? "yes" : "no"),
        ]
        rows += rowsOfKey(certificate.publicKey)
        rows.append(("SHA-256", hexadecimal(try Digest.sha256(certificate.der))))
        rows += certificate.revocationListURLs.map { ("CRL at", $0) }
        rows += certificate.ocspURLs.map { ("OCSP at", $0) }
        return table("certificate", rows)
    }

    static func text(of list: RevocationList) -> String {
        table(
            "revocation list",
            [
                ("issuer", list.issuerText),
                ("made", "\(list.thisUpdate)"),
                ("next", list.nextUpdate.map { "\($0)" } ?? "not said"),
                ("revoked", Quantities.count(list.count, "certificate")),
            ]
        )
    }

    static func text(of key: PublicKey, isPrivate: Bool) -> String {
        table(isPrivate ? "private key" : "public key", rowsOfKey(key))
    }

    private static func rowsOfKey(_ key: PublicKey) -> [(String, String)] {
        [("key", "\(key.kind)"), ("key hash", hexadecimal(key.keyHash))]
    }

    private static func table(_ title: String, _ rows: [(label: String, value: String)]) -> String {
        let width = rows.map(\.label.count).max() ?? 0
        let lines = rows.map { row in
            "  \(row.label)\(String(repeating: " ", count: width - row.label.count))  \(Columns.printable(row.value))"
        }
        return ([title] + lines).joined(separator: "\n")
    }
}

extension AlternativeName {
    fileprivate var text: String {
        switch self {
        case .dns(let name), .email(let name): name
        case .address(let octets): IPAddress(bytes: octets).map(\.description) ?? hexadecimal(octets)
        case .directoryName: "a directory name"
        case .other: "a name of another kind"
        }
    }
}
