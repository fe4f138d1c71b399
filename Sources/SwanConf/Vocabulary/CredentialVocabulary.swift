extension Vocabulary {
    /// The sections of `secrets`, by the kind that their names start with.
    static let secrets = Vocabulary(
        "`secrets`",
        path: "secrets",
        sections: (SecretConfiguration.Kind.allCases.map(\.rawValue) + PassphraseConfiguration.kinds).map {
            SectionRule(name: $0, takesSuffix: true)
        }
            + ["xauth", "ntlm", "ppk", "bliss", "token"].map {
                SectionRule(name: $0, takesSuffix: true, isSupported: false)
            }
    )

    /// `secrets.private<suffix>` and its like.
    static let passphrase = Vocabulary(
        "a passphrase",
        path: "secrets.private<suffix>",
        read: ["file", "secret"]
    )

    /// `secrets.ike<suffix>`; every setting that starts with `id` is an identity.
    static let sharedSecret = Vocabulary(
        "a shared secret",
        path: "secrets.ike<suffix>",
        read: ["secret", "id"],
        readsAlso: { $0.hasPrefix("id") }
    )

    /// `pools.<name>`. Besides the named attributes, the number of any attribute is a setting, too.
    static let pool = Vocabulary(
        "a pool",
        path: "pools.<name>",
        read: ["addrs"] + PoolConfiguration.Attribute.Kind.named.map(\.key),
        // Cisco's additions to IKEv1.
        unsupported: ["address", "server", "split_include", "split_exclude"],
        sections: [SectionRule(name: "leases")],
        readsAlso: { PoolConfiguration.Attribute.Kind(key: $0) != nil }
    )

    /// `pools.<name>.leases`, where every name is an identity, or that of a section with one.
    static let leases = Vocabulary(
        "`leases`",
        path: "pools.<name>.leases",
        sections: [SectionRule(name: "", takesSuffix: true)],
        readsAlso: { _ in true }
    )

    /// `pools.<name>.leases.<name>`
    static let lease = Vocabulary("a lease", path: "pools.<name>.leases.<name>", read: ["id", "addr"])

    /// `authorities.<name>`
    static let authorities = Vocabulary(
        "an authority",
        path: "authorities.<name>",
        read: ["cacert", "file", "crl_uris", "ocsp_uris", "cert_uri_base"],
        unsupported: ["handle", "slot", "module"]
    )
}
