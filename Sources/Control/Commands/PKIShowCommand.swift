import IKECrypto

extension Command {
    static let pkiShow = Command(
        name: "pki show",
        operands: "FILE",
        operandCount: 1...1,
        summary: "print what a certificate, revocation list or key says",
        details: "FILE is PEM or DER. Of a private key only its public half is shown.",
        run: PKIShowCommand.run
    )
}

enum PKIShowCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let path = invocation.operands[0]
        if let key = try privateKey(path) {
            console.print(PKIDescription.text(of: key.publicKey, isPrivate: true))
            return .ok
        }
        for text in try texts(of: try PKIFile.read(path), path) { console.print(text) }
        return .ok
    }

    /// Nil for a file that holds none.
    private static func privateKey(_ path: String) throws(Failure) -> PrivateKey? {
        let file = try PKIFile.readSecret(path)
        do throws(PrivateKeyError) {
            return try PrivateKey(parsing: file, passphrase: nil)
        } catch .malformed {
            return nil
        } catch {
            throw .failed("\(path): \(error)")
        }
    }

    /// What the file holds, tried in turn: nothing else tells a DER file's kind.
    private static func texts(of file: [UInt8], _ path: String) throws(Failure) -> [String] {
        let refusal: CryptoError
        do throws(CryptoError) {
            var texts: [String] = []
            for certificate in try X509Certificate.parse(file) {
                texts.append(try PKIDescription.text(of: certificate))
            }
            return texts
        } catch {
            refusal = error
        }
        if let lists = attempt({ () throws(CryptoError) in try RevocationList.parse(file) }) {
            return lists.map { PKIDescription.text(of: $0) }
        }
        if let key = attempt({ () throws(CryptoError) in try PublicKey.parse(file) }) {
            return [PKIDescription.text(of: key, isPrivate: false)]
        }
        // A certificate whose key is not supported says so; what is nothing at all is no certificate either.
        if case .unsupported = refusal { throw .failed("\(path): \(refusal)") }
        throw .failed("\(path): no certificate, revocation list or key in PEM or DER")
    }

    private static func attempt<R>(_ body: () throws(CryptoError) -> R) -> R? {
        do throws(CryptoError) {
            return try body()
        } catch {
            return nil
        }
    }
}
