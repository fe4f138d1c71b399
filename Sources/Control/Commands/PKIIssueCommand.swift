import IKECrypto

extension Command {
    static let pkiIssue = Command(
        name: "pki issue",
        operands: "ID...",
        operandCount: 1...64,
        summary: "make a key and a certificate for a host",
        details: """
            Every ID is one of the host's identities: an address, a domain name or a mail address. The first one names the files,
            which are written to x509, private, x509ca and, if the CA has a revocation list, x509crl of the directory.
            """,
        options: [
            PKICommand.authorityOption,
            Command.Option(
                name: "dir",
                value: "DIR",
                summary: "where to write; the CA's directory unless said otherwise"
            ),
            Command.Option(name: "days", value: "N", summary: "how long it is valid (1095), at most as long as the CA"),
            PKICommand.keyOption,
            Command.Option(
                name: "pkcs12",
                summary:
                    "also write a PKCS #12 file, for a phone or a computer that imports one, and print its password"
            ),
        ],
        run: PKIIssueCommand.run
    )
}

enum PKIIssueCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var names: [AlternativeName] = []
        for identity in invocation.operands {
            names.append(try AlternativeName(identity: identity, of: "pki issue"))
        }
        guard let first = invocation.operands.first else { throw .usage("'pki issue' needs ID...", of: "pki issue") }
        let (kind, days) = (try invocation.keyKind(), try invocation.days(unlessGiven: 1095))
        var authority = try invocation.authority()
        let password = invocation.has("pkcs12") ? GeneratedPassword.make() : nil
        let target = invocation.directory("dir", unlessGiven: authority.directory.path)
        let (certificate, file) = try authority.issue(
            to: names,
            // A longer name stands in the subjectAltName alone as a whole, which is where it counts.
            commonName: String(first.prefix(64)),
            kind: kind,
            days: days,
            into: target,
            containerPassword: password
        )
        console.print(
            "issued a certificate to \(invocation.operands.joined(separator: ", ")) (\(certificate.publicKey.kind)), "
                + "valid until \(certificate.notAfter)"
        )
        console.print("wrote \(target.certificatePath(file)) and \(target.keyPath(file))")
        if let password {
            let text = password.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            console.print("wrote \(target.containerPath(file)), whose password is \(text)")
        }
        return .ok
    }
}
