import IKECrypto

extension Command {
    static let pkiRevoke = Command(
        name: "pki revoke",
        operands: "[FILE]",
        operandCount: 0...1,
        summary: "take a certificate back, and write the revocation list",
        details: """
            FILE is the certificate; without it only a new list is written, since each is good for a time. The list goes into x509crl
            of the CA's directory: every host needs a copy of it in its own.
            """,
        options: [
            PKICommand.authorityOption,
            Command.Option(name: "days", value: "N", summary: "how long the list is good (30)"),
        ],
        run: PKIRevokeCommand.run
    )
}

enum PKIRevokeCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let days = try invocation.days(unlessGiven: 30)
        var authority = try invocation.authority()
        if let file = invocation.operands.first {
            let certificate = try invocation.certificates(in: file).first
            let isNew = try authority.revoke(certificate)
            console.print(
                "\(isNew ? "revoked" : "had revoked before") the certificate of \"\(Columns.printable(certificate.subjectText))\""
            )
        }
        let (list, path) = try authority.writeRevocationList(days: days)
        console.print(
            "wrote \(path): \(Quantities.count(list.count, "revoked certificate")), good until "
                + (list.nextUpdate.map { "\($0)" } ?? "the next one")
        )
        return .ok
    }
}
