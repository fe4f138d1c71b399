import IKECrypto

extension Command {
    static let pkiAuthority = Command(
        name: "pki ca",
        summary: "make a CA",
        details: """
            Writes ca/key.pem, which must stay secret, and the certificate, which every host needs in its x509ca. The CA may issue
            to hosts, not to further CAs.
            """,
        options: [
            Command.Option(name: "name", value: "NAME", summary: "what the CA is called, such as \"Example CA\""),
            Command.Option(name: "dir", value: "DIR", summary: "where the CA lives (\(PKIDirectory.defaultPath))"),
            Command.Option(name: "days", value: "N", summary: "how long it is valid (3650)"),
            PKICommand.keyOption,
        ],
        run: PKIAuthorityCommand.run
    )
}

enum PKIAuthorityCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        guard let name = invocation.value("name") else { throw .usage("'pki ca' needs --name NAME", of: "pki ca") }
        // RFC 5280 appendix A: ub-common-name.
        guard (1...64).contains(name.unicodeScalars.count) else {
            throw .usage("the name of a CA has 1 to 64 characters", of: "pki ca")
        }
        let authority = try PKIAuthority.make(
            named: name,
            kind: invocation.keyKind(),
            days: invocation.days(unlessGiven: 3650),
            in: invocation.directory("dir")
        )
        console.print(
            "made the CA \"\(Columns.printable(name))\" (\(authority.certificate.publicKey.kind)), "
                + "valid until \(authority.certificate.notAfter)"
        )
        console.print("wrote \(authority.directory.authorityPath(authority.name))")
        return .ok
    }
}
