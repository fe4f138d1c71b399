import IKECrypto
import IKEWire

/// The options of the `pki` commands.
extension Invocation {
    /// The kind of a new key.
    func keyKind() throws(Failure) -> PublicKey.Kind {
        let kinds: [String: PublicKey.Kind] = [
            "ecdsa256": .ecdsa(.p256), "ecdsa384": .ecdsa(.p384), "ed25519": .ed25519, "rsa3072": .rsa(bits: 3072),
        ]
        guard let text = value("key") else { return .ecdsa(.p256) }
        if let kind = kinds[text] { return kind }
        let suggestion = Spelling.nearest(to: text, among: kinds.keys.sorted()).map { ", did you mean '\($0)'?" } ?? ""
        throw .usage(
            "--key takes \(kinds.keys.sorted().joined(separator: ", ")), not '\(text)'\(suggestion)",
            of: command.name
        )
    }

    /// How long something is to last; a hundred years at most.
    func days(unlessGiven days: Int) throws(Failure) -> Int {
        try number("days", in: 1...36_500) ?? days
    }

    /// The directory that an option names.
    func directory(_ option: String, unlessGiven path: String = PKIDirectory.defaultPath) -> PKIDirectory {
        PKIDirectory(path: value(option) ?? path)
    }

    /// The CA that `--ca` names.
    func authority() throws(Failure) -> PKIAuthority { try PKIAuthority(in: directory("ca")) }

    /// The first certificate of a file, and the others in it.
    func certificates(in file: String) throws(Failure) -> (first: X509Certificate, others: [X509Certificate]) {
        let octets = try PKIFile.read(file)
        let certificates = try withFailure(file) { () throws(CryptoError) in try X509Certificate.parse(octets) }
        guard let first = certificates.first else { throw .failed("\(file): no certificate") }
        return (first, Array(certificates.dropFirst()))
    }
}

extension AlternativeName {
    /// The name that stands for an identity in a certificate.
    ///
    /// - Parameter command: the command that was given the identity.
    init(identity text: String, of command: String) throws(Failure) {
        if let identity = Identification(text), text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) {
            switch identity.type {
            case .ipv4Address, .ipv6Address:
                self = .address(identity.data)
                return
            case .fqdn:
                self = .dns(String(decoding: identity.data, as: UTF8.self))
                return
            case .rfc822Address:
                self = .email(String(decoding: identity.data, as: UTF8.self))
                return
            default: break
            }
        }
        throw .usage(
            "a certificate is issued to an address, a domain name or a mail address, not to '\(text)'",
            of: command
        )
    }
}
