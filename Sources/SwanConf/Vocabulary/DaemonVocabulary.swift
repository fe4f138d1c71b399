extension Vocabulary {
    /// `iked`: settings of the daemon. Those that charon has, too, carry charon's names, and charon's others are known
    /// to be refused by name.
    static let daemon = Vocabulary(
        "`iked`",
        path: "iked",
        dialect: "charon",
        read: [
            "tun", "mtu", "key_log", "log_level", "log_format", "retransmit_timeout", "retransmit_base",
            "retransmit_tries",
            "half_open_timeout", "cookie_threshold", "cookie_threshold_ip", "block_threshold", "init_limit_half_open",
            "puzzle_difficulty", "keep_alive", "port", "port_nat_t", "routing_table", "routing_table_prio",
            "install_routes", "install_dns", "fragment_size", "probe_path_mtu", "request_window", "crash_detection",
            "retry_initiate_interval", "hash_and_url",
            "early_rekey", "metrics_listen", "tun_gso", "tun_gro", "udp_gso", "udp_gro", "workers", "pin",
        ],
        unsupported: [
            "accept_private_algs", "accept_unencrypted_mainmode_messages", "cert_cache",
            "cache_crls", "check_current_path", "cisco_flexvpn", "cisco_unity", "close_ike_on_child_failure",
            "delete_rekeyed", "delete_rekeyed_delay", "dh_exponent_ansi_x9_42",
            "dlopen_use_rtld_now", "dns1", "dns2", "dos_protection", "flush_auth_cfg", "follow_redirects",
            "force_eap_only_authentication", "fragment_size_v4", "fragment_size_v6", "group",
            "i_dont_care_about_security_and_use_aggressive_mode_psk", "ignore_routing_tables",
            "ignore_acquire_ts", "ikesa_limit", "ikesa_table_segments", "ikesa_table_size", "inactivity_close_ike",
            "init_limit_job_load", "initiator_only", "install_virtual_ip",
            "install_virtual_ip_on", "integrity_test", "interfaces_ignore", "interfaces_use",
            "keep_alive_dpd_margin", "load", "load_modular", "max_ikev1_exchanges", "max_packet",
            "make_before_break", "multiple_authentication", "nbns1", "nbns2", "ocsp_nonce_len", "prefer_best_path",
            "prefer_configured_proposals", "prefer_temporary_addrs", "process_route", "rdn_matching",
            "receive_delay", "receive_delay_response", "receive_delay_request", "receive_delay_type",
            "reject_trusted_end_entity", "replay_window", "reqid_base", "retransmit_jitter", "retransmit_limit",
            "reuse_ikesa", "rsa_pss", "rsa_pss_trailerfield", "send_delay",
            "send_delay_response", "send_delay_request", "send_delay_type", "send_vendor_id",
            "signature_authentication", "signature_authentication_constraints", "spi_label", "spi_mask", "spi_min",
            "spi_max", "threads", "user",
        ],
        sections: [SectionRule(name: "radius")]
            + [
                "crypto_test", "host_resolver", "leak_detective", "tls", "x509", "plugins", "filelog", "syslog",
                "processor", "start-scripts", "stop-scripts", "customlog", "imcv",
            ].map { SectionRule(name: $0, isSupported: false) }
    )

    /// `iked.radius`: the names of strongSwan's plugin eap-radius.
    static let radius = Vocabulary(
        "`radius`",
        path: "iked.radius",
        dialect: "strongSwan's eap-radius",
        read: [
            "nas_identifier", "accounting", "accounting_interval", "retransmit_timeout", "retransmit_base",
            "retransmit_tries", "dead_time",
        ],
        unsupported: [
            "accounting_close_on_timeout", "accounting_requires_vip", "accounting_send_class", "class_group",
            "close_all_on_timeout", "eap_start", "filter_id", "id_prefix", "port", "secret", "server", "sockets",
            "source",
            "station_id_with_port",
        ],
        sections: [SectionRule(name: "servers")]
            + ["dae", "forward", "xauth"].map { SectionRule(name: $0, isSupported: false) }
    )

    /// `iked.radius.servers.<name>`
    static let radiusServer = Vocabulary(
        "a RADIUS server",
        path: "iked.radius.servers.<name>",
        dialect: "strongSwan's eap-radius",
        read: ["address", "auth_port", "acct_port", "secret", "preference"],
        unsupported: [
            "nas_identifier", "port", "retransmit_base", "retransmit_timeout", "retransmit_tries", "sockets", "source",
        ]
    )
}
