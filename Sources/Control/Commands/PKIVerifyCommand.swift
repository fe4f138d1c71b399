import IKECrypto

extension Command {
    static let pkiVerify = Command(
        name: "pki verify",
        operands: "FILE",
        operandCount: 1...1,
        summary: "say whether a host would trust a certificate",
        details: """
            FILE holds the certificate and may hold others between it and the CA. The directory is the host's: the CAs of its
            x509ca are trusted, the revocation lists of its x509crl count.
            """,
        options: [
            Command.Option(
                name: "dir",
                value: "DIR",
                summary: "the directory laid out as swanctl's (\(PKIDirectory.defaultPath))"
            ),
            Command.Option(
                name: "revocation",
                value: "POLICY",
                summary: "relaxed (unless said otherwise), ifuri or strict, as in the configuration"
            ),
        ],
        run: PKIVerifyCommand.run
    )
}

enum PKIVerifyCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let (leaf, others) = try invocation.certificates(in: invocation.operands[0])
        let policy = try policy(of: invocation)
        let store = try invocation.directory("dir").trustStore()
        do throws(CertificateRejection) {
            let chain = try store.verify(leaf, intermediates: others, at: .now, revocation: policy, limitedTo: nil)
            console.print("trusted until \(chain.map(\.notAfter).min() ?? leaf.notAfter):")
            for certificate in chain { console.print("  \(Columns.printable(certificate.subjectText))") }
            return .ok
        } catch {
            throw .failed(error.description)
        }
    }

    private static func policy(of invocation: Invocation) throws(Failure) -> RevocationPolicy {
        switch invocation.value("revocation") {
        case nil, "relaxed": return .relaxed
        case "ifuri": return .ifURI
        case "strict": return .strict
        case let other?: throw .usage("--revocation takes relaxed, ifuri or strict, not '\(other)'", of: "pki verify")
        }
    }
}
