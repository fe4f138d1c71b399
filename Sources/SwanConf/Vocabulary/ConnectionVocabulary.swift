extension Vocabulary {
    /// `connections.<name>`
    static let connection = Vocabulary(
        "a connection",
        path: "connections.<name>",
        read: [
            "local_addrs", "remote_addrs", "local_port", "remote_port", "proposals", "encap", "mobike", "dpd_delay",
            "keyingtries", "rekey_time", "reauth_time", "over_time", "rand_time", "fragmentation", "unique",
            "send_cert", "send_certreq", "ocsp", "vips", "pools",
        ],
        inert: [
            // 0 lets a responder speak IKEv1, too, but offers IKEv2 first.
            "version": .oneOf(["0", "2"]),
            "aggressive": .no,
            "pull": .yes,
            "dscp": .zero,
            // Only IKEv1 has a time-out of its own; IKEv2 gives up after the last retransmission.
            "dpd_timeout": .anyTime,
            "childless": .oneOf(["allow"]),
            "ppk_required": .no,
            "if_id_in": .zero,
            "if_id_out": .zero,
            "mediation": .no,
        ],
        unsupported: ["ppk_id", "mediated_by", "mediation_peer"],
        sections: [
            SectionRule(name: "local", takesSuffix: true),
            SectionRule(name: "remote", takesSuffix: true),
            SectionRule(name: "children"),
        ]
    )

    /// `connections.<name>.local<suffix>`
    static let localAuthentication = Vocabulary(
        "a `local` section",
        path: "connections.<name>.local",
        read: ["auth", "id", "certs", "pubkeys", "eap_id", "aaa_id", "round"],
        unsupported: ["xauth_id"],
        sections: [SectionRule(name: "cert", takesSuffix: true, isSupported: false)]
    )

    /// `connections.<name>.remote<suffix>`
    static let remoteAuthentication = Vocabulary(
        "a `remote` section",
        path: "connections.<name>.remote",
        read: ["auth", "id", "certs", "cacerts", "pubkeys", "revocation", "eap_id", "round"],
        unsupported: ["groups", "cert_policy", "ca_id"],
        sections: [
            SectionRule(name: "cert", takesSuffix: true, isSupported: false),
            SectionRule(name: "cacert", takesSuffix: true, isSupported: false),
        ]
    )

    /// `connections.<name>.children.<name>`
    static let child = Vocabulary(
        "a child",
        path: "connections.<name>.children.<name>",
        read: [
            "esp_proposals", "local_ts", "remote_ts", "rekey_time", "life_time", "rand_time", "replay_window",
            "copy_df", "copy_ecn", "copy_dscp", "tfc_padding", "per_cpu_sas", "start_action", "dpd_action",
            "close_action", "updown", "rekey_bytes", "life_bytes", "rand_bytes", "rekey_packets", "life_packets",
            "rand_packets",
        ],
        inert: [
            "mode": .oneOf(["tunnel"]),
            "sha256_96": .no,
            "hostaccess": .no,
            "policies": .yes,
            "policies_fwd_out": .no,
            "ipcomp": .no,
            "inactivity": .noTime,
            "reqid": .zero,
            "priority": .zero,
            "mark_in": .zero,
            "mark_in_sa": .no,
            "mark_out": .zero,
            "set_mark_in": .zero,
            "set_mark_out": .zero,
            "if_id_in": .zero,
            "if_id_out": .zero,
            "label_mode": .oneOf(["system"]),
            // `auto` falls back to software where the hardware cannot.
            "hw_offload": .oneOf(["no", "auto"]),
            "icmp": .no,
        ],
        unsupported: ["ah_proposals", "interface", "label"]
    )
}
