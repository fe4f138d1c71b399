extension Command {
    static let pki = Command(
        name: "pki",
        summary: "make and look at certificates, without a daemon",
        details: """
            A small CA in a directory, for VPNs whose hosts one operator runs:

              ikectl pki ca --name "Example CA"
              ikectl pki issue left.example.org 192.0.2.1 --dir left
              ikectl pki issue right.example.org --dir right
              ikectl pki verify left/x509/left.example.org.pem --dir right

            A directory that 'issue' fills is laid out as swanctl's and holds all that the host needs.
            """,
        subcommands: [.pkiAuthority, .pkiIssue, .pkiShow, .pkiVerify, .pkiRevoke],
        run: PKICommand.run
    )
}

enum PKICommand {
    /// The options that more than one of the subcommands have.
    static let keyOption = Command.Option(
        name: "key",
        value: "KIND",
        summary: "ecdsa256 (unless said otherwise), ecdsa384, ed25519 or rsa3072"
    )
    static let authorityOption = Command.Option(
        name: "ca",
        value: "DIR",
        summary: "where 'pki ca' made the CA (\(PKIDirectory.defaultPath))"
    )

    /// The command by itself only tells what there is.
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        console.note(Help.text(for: .pki))
        return .usage
    }
}
