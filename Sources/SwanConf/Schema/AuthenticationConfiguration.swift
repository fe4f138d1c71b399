package import IKEWire

/// How one end of an IKE SA proves who it is: a `local` or `remote` section.
package struct AuthenticationConfiguration: Hashable, Sendable {
    /// The proof.
    package enum Method: Hashable, Sendable {
        /// A pre-shared key (RFC 7296 section 2.15).
        case psk
        /// A signature.
        case publicKey(SignatureConfiguration)
        /// What the other end asks for within EAP (RFC 7296 section 2.16).
        case eap(EAPConfiguration)
    }

    /// What becomes of a certificate whose revocation is not known.
    package enum Revocation: Hashable, Sendable {
        /// It is refused.
        case strict
        /// It is refused if it names where to ask.
        case ifURI
        /// It is accepted.
        case relaxed
    }

    /// The proof that this end gives.
    package let method: Method
    /// Nil for the local end: its certificate's subject or its address. Nil for the remote end: whoever gives the proof.
    /// The remote end's may be a pattern.
    package let id: Identification?
    /// The local end's certificates to choose from, or the only ones that the remote end may use.
    package let certificates: [CredentialReference]
    /// Keys without a certificate, used in the same way.
    package let publicKeys: [CredentialReference]
    /// The remote end's certificate must come from one of these.
    package let authorities: [CredentialReference]
    package let revocation: Revocation
}

// MARK: - Reading

extension AuthenticationConfiguration {
    init(reading reader: SectionReader, isRemote: Bool) throws(ConfigurationError) {
        method = try Self.method(reader, isRemote: isRemote)
        id = try reader.value("id").flatMap { value throws(ConfigurationError) in
            try Identification.read(value, allowsPattern: isRemote)
        }
        certificates = try Self.references("certs", reader)
        publicKeys = try Self.references("pubkeys", reader)
        authorities = try Self.references("cacerts", reader)
        revocation =
            try reader.choice("revocation", ["strict": .strict, "ifuri": .ifURI, "relaxed": .relaxed]) ?? .relaxed
        try checkUse(reader)
        if !certificates.isEmpty && !publicKeys.isEmpty {
            throw reader.failure("`certs` and `pubkeys` exclude each other")
        }
    }

    /// Settings that concern another proof than the one that is asked for.
    private func checkUse(_ reader: SectionReader) throws(ConfigurationError) {
        let unused: [String] =
            switch method {
            case .psk: ["certs", "pubkeys", "cacerts", "eap_id", "aaa_id"]
            case .publicKey: ["eap_id", "aaa_id"]
            case .eap(let eap): eap.usesCertificates ? ["pubkeys"] : ["certs", "pubkeys", "cacerts", "aaa_id"]
            }
        guard let setting = unused.lazy.compactMap({ reader.section.setting($0) }).first else { return }
        let auth = try reader.value("auth")?.text ?? "pubkey"
        throw try reader.value(of: setting).failure("`\(setting.key)` says nothing beside `auth = \(auth)`")
    }

    private static func method(_ reader: SectionReader, isRemote: Bool) throws(ConfigurationError) -> Method {
        guard let value = try reader.value("auth") else {
            return .publicKey(SignatureConfiguration())
        }
        if value.text.lowercased() == "psk" { return .psk }
        if let signature = try SignatureConfiguration(value) { return .publicKey(signature) }
        if let eap = try EAPConfiguration(value, reader, isRemote: isRemote) { return .eap(eap) }
        let name = value.text.lowercased()
        let words = ["psk"] + SignatureConfiguration.words + EAPConfiguration.words(isRemote: isRemote)
        let known = ["bliss", "eap", "xauth", "any", "null"]
        if known.contains(where: name.hasPrefix) {
            let list = words.map { "`\($0)`" }.joined(separator: ", ")
            throw value.failure("`auth = \(value.text)` is not supported yet by iked, only \(list)")
        }
        throw value.unexpected(
            words.map { "`\($0)`" }.joined(separator: ", "),
            suggestion: Spelling.nearest(to: name, among: words)
        )
    }

    private static func references(
        _ key: String,
        _ reader: SectionReader
    ) throws(ConfigurationError) -> [CredentialReference] {
        var references: [CredentialReference] = []
        for value in try reader.list(key) ?? [] {
            guard let reference = CredentialReference(value.text) else {
                throw value.failure("behind `0x` and `0s` `\(key)` takes hexadecimal digits or Base64")
            }
            references.append(reference)
        }
        return references
    }
}

extension Identification {
    /// - Parameter allowsPattern: whether it may stand for many, as `*.example.org` does.
    /// - Returns: nil for `%any` and what else stands for everybody.
    static func read(_ value: SettingText, allowsPattern: Bool) throws(ConfigurationError) -> Identification? {
        if isWildcard(value.text) {
            return nil
        }
        // `@` alone is what remains of `@#6b6579` without quotes, where `#` starts a comment.
        guard let id = Identification(value.text), !id.data.isEmpty else {
            throw value.failure(
                "`\(value.text)` is not an identity such as `gw.example.org`, `192.0.2.1`, `user@example.org`, "
                    + "`C=CH, O=Example, CN=gw` or, in quotes, `@#6b6579`" + value.hint
            )
        }
        guard allowsPattern || !id.isPattern else {
            throw value.failure("`\(value.text)` stands for many, and only the `id` of a `remote` section may")
        }
        return id
    }
}
