import SwanConf
import Testing

/// Every setting that strongSwan 6.0 documents is either read, accepted with a value that changes nothing,
/// or refused by name; none is called unknown.
@Suite struct EverySettingTests {
    @Test(arguments: connectionSettings)
    func everySettingOfAConnectionIsKnown(key: String, value: String, isAccepted: Bool) throws {
        try check(configurationText(connection: "\(key) = \(value)"), key, isAccepted)
    }

    @Test(arguments: childSettings)
    func everySettingOfAChildIsKnown(key: String, value: String, isAccepted: Bool) throws {
        try check(configurationText(child: "\(key) = \(value)"), key, isAccepted)
    }

    @Test(arguments: localSettings)
    func everySettingOfALocalSectionIsKnown(key: String, value: String, isAccepted: Bool) throws {
        try check(configurationText(local: "auth = pubkey\n \(key) = \(value)"), key, isAccepted)
    }

    @Test(arguments: remoteSettings)
    func everySettingOfARemoteSectionIsKnown(key: String, value: String, isAccepted: Bool) throws {
        try check(configurationText(remote: "auth = pubkey\n \(key) = \(value)"), key, isAccepted)
    }

    @Test(arguments: ["cert", "cert-1", "cert2"])
    func sectionsOfCertificatesAreRefusedByName(name: String) throws {
        try check(configurationText(local: "\(name) { handle = 01\n }"), "cert", false)
        try check(configurationText(remote: "\(name) { file = x\n }"), "cert", false)
        try check(configurationText(remote: "ca\(name) { file = x\n }"), "cacert", false)
    }

    @Test(arguments: [
        ("file", "/etc/ca.pem", true), ("crl_uris", "http://a/ca.crl, http://b/", true),
        ("ocsp_uris", "http://a/", true),
        ("handle", "01", false), ("slot", "1", false), ("module", "x", false),
        ("cert_uri_base", "http://a/", true),
    ])
    func everySettingOfAnAuthorityIsKnown(key: String, value: String, isAccepted: Bool) throws {
        let certificate = key == "file" ? "" : "cacert = ca.pem\n"
        try check("authorities { ca { \(certificate)\(key) = \(value)\n } }", key, isAccepted)
    }

    @Test(arguments: charonSettings)
    func everySettingOfCharonIsKnown(key: String) throws {
        let path = key.split(separator: ".")
        let setting = path.count > 1 ? "\(path[0]) { \(path[1]) = x\n }" : "\(key) = x"
        try check("iked { \(setting)\n }", "\(path[0])", false)
    }

    private func check(_ text: String, _ name: String, _ isAccepted: Bool) throws {
        if isAccepted {
            #expect(throws: Never.self) { try Configuration(parsing: text, file: "iked.conf") }
        } else {
            let error = try configurationError(text)
            #expect(error.message.contains("not supported yet by iked"))
            #expect(error.message.contains("`\(name)"))
        }
    }
}

// MARK: - What strongSwan documents

/// Key, a value, and whether iked takes it. Defaults of swanctl first, then values that ask for more.
private let connectionSettings: [(String, String, Bool)] = [
    ("version", "0", true), ("version", "2", true), ("version", "1", false),
    ("local_addrs", "%any", true), ("remote_addrs", "%any", true),
    ("local_port", "500", true), ("remote_port", "500", true),
    ("proposals", "default", true),
    ("vips", "0.0.0.0, ::", true),
    ("aggressive", "no", true), ("aggressive", "yes", false),
    ("pull", "yes", true), ("pull", "no", false),
    ("dscp", "000000", true), ("dscp", "101110", false),
    ("encap", "no", true), ("encap", "yes", true),
    ("mobike", "no", true), ("mobike", "yes", true),
    ("dpd_delay", "0s", true), ("dpd_timeout", "0s", true), ("dpd_timeout", "150s", true),
    ("fragmentation", "no", true), ("fragmentation", "yes", true), ("fragmentation", "accept", true),
    ("fragmentation", "force", true),
    ("childless", "allow", true), ("childless", "force", false),
    ("send_certreq", "yes", true), ("send_certreq", "no", true),
    ("send_cert", "ifasked", true), ("send_cert", "always", true), ("send_cert", "never", true),
    ("ocsp", "reply", true), ("ocsp", "request", true), ("ocsp", "both", true), ("ocsp", "never", true),
    ("ppk_id", "x", false), ("ppk_required", "no", true), ("ppk_required", "yes", false),
    ("keyingtries", "1", true), ("keyingtries", "0", true),
    ("unique", "no", true), ("unique", "replace", true), ("unique", "keep", true), ("unique", "never", true),
    ("reauth_time", "0s", true), ("reauth_time", "1h", true),
    ("rekey_time", "4h", true), ("over_time", "24m", true), ("rand_time", "24m", true),
    ("if_id_in", "0", true), ("if_id_in", "1", false), ("if_id_out", "0x0", true), ("if_id_out", "%unique", false),
    ("mediation", "no", true), ("mediation", "yes", false), ("mediated_by", "x", false), ("mediation_peer", "x", false),
]

private let childSettings: [(String, String, Bool)] = [
    ("ah_proposals", "sha256", false), ("esp_proposals", "default", true),
    ("sha256_96", "no", true), ("sha256_96", "yes", false),
    ("local_ts", "dynamic", true), ("remote_ts", "dynamic", true),
    ("rekey_time", "1h", true), ("life_time", "66m", true), ("rand_time", "6m", true),
    ("rekey_bytes", "0", true), ("rekey_bytes", "500M", true),
    ("life_bytes", "0", true), ("life_bytes", "1G", true), ("rand_bytes", "0", true), ("rand_bytes", "1", true),
    ("rekey_packets", "0", true), ("rekey_packets", "1000", true),
    ("life_packets", "0", true), ("life_packets", "1000", true),
    ("rand_packets", "0", true), ("rand_packets", "1", true),
    ("updown", "/bin/true", true), ("updown", "/bin/true a b", true),
    ("hostaccess", "no", true), ("hostaccess", "yes", false),
    ("mode", "tunnel", true), ("mode", "transport", false), ("mode", "beet", false), ("mode", "pass", false),
    ("policies", "yes", true), ("policies", "no", false),
    ("policies_fwd_out", "no", true), ("policies_fwd_out", "yes", false),
    ("dpd_action", "clear", true), ("dpd_action", "none", true), ("dpd_action", "trap", true),
    ("dpd_action", "restart", true), ("dpd_action", "start", true),
    ("ipcomp", "no", true), ("ipcomp", "yes", false),
    ("inactivity", "0s", true), ("inactivity", "1h", false),
    ("reqid", "0", true), ("reqid", "1", false), ("priority", "0", true), ("priority", "1", false),
    ("interface", "eth0", false),
    ("mark_in", "0/0x00000000", true), ("mark_in", "42", false), ("mark_in_sa", "no", true),
    ("mark_in_sa", "yes", false),
    ("mark_out", "0", true), ("mark_out", "%unique", false),
    ("set_mark_in", "0/0x00000000", true), ("set_mark_in", "1", false),
    ("set_mark_out", "0/0x00000000", true), ("set_mark_out", "1", false),
    ("if_id_in", "0", true), ("if_id_in", "1", false), ("if_id_out", "0", true), ("if_id_out", "1", false),
    ("label", "x", false), ("label_mode", "system", true), ("label_mode", "selinux", false),
    ("tfc_padding", "0", true), ("tfc_padding", "mtu", true), ("tfc_padding", "1400", true),
    ("replay_window", "32", true),
    ("per_cpu_sas", "no", true), ("per_cpu_sas", "yes", true), ("per_cpu_sas", "encap", false),
    ("hw_offload", "no", true), ("hw_offload", "auto", true), ("hw_offload", "yes", false),
    ("hw_offload", "packet", false),
    ("copy_df", "yes", true), ("copy_ecn", "yes", true), ("copy_dscp", "out", true),
    ("icmp", "no", true), ("icmp", "yes", false),
    ("start_action", "none", true),
    ("close_action", "none", true), ("close_action", "trap", true), ("close_action", "start", true),
]

private let localSettings: [(String, String, Bool)] = [
    ("round", "0", true), ("round", "1", true),
    ("certs", "x.pem", true), ("pubkeys", "x.pem", true),
    ("auth", "psk", true), ("auth", "pubkey", true),
    ("id", "gw.example.org", true),
    ("xauth_id", "x", false),
]

private let remoteSettings: [(String, String, Bool)] = [
    ("round", "0", true), ("id", "%any", true), ("groups", "x", false),
    ("cert_policy", "x", false), ("certs", "x.pem", true), ("cacerts", "x.pem", true), ("ca_id", "x", false),
    ("pubkeys", "x.pem", true), ("revocation", "relaxed", true), ("revocation", "strict", true),
    ("auth", "psk", true), ("auth", "eap-tls", true),
]

/// Those of the section `charon` that iked does not read.
private let charonSettings = """
    accept_private_algs accept_unencrypted_mainmode_messages cert_cache cache_crls check_current_path
    cisco_flexvpn cisco_unity close_ike_on_child_failure crypto_test.bench crypto_test.bench_size
    crypto_test.bench_time crypto_test.on_add crypto_test.on_create crypto_test.required crypto_test.rng_true
    delete_rekeyed delete_rekeyed_delay dh_exponent_ansi_x9_42 dlopen_use_rtld_now dns1 dns2 dos_protection flush_auth_cfg
    follow_redirects force_eap_only_authentication fragment_size_v4 fragment_size_v6 group
    host_resolver.max_threads host_resolver.min_threads i_dont_care_about_security_and_use_aggressive_mode_psk
    ignore_routing_tables ignore_acquire_ts ikesa_limit ikesa_table_segments ikesa_table_size inactivity_close_ike
    init_limit_job_load initiator_only install_virtual_ip install_virtual_ip_on integrity_test
    interfaces_ignore interfaces_use keep_alive_dpd_margin leak_detective.detailed leak_detective.usage_threshold
    leak_detective.usage_threshold_count load load_modular max_ikev1_exchanges max_packet make_before_break
    multiple_authentication nbns1 nbns2 ocsp_nonce_len prefer_best_path prefer_configured_proposals
    prefer_temporary_addrs process_route rdn_matching receive_delay receive_delay_response receive_delay_request
    receive_delay_type reject_trusted_end_entity replay_window reqid_base retransmit_jitter retransmit_limit
    reuse_ikesa rsa_pss rsa_pss_trailerfield send_delay send_delay_response send_delay_request
    send_delay_type send_vendor_id signature_authentication signature_authentication_constraints spi_label spi_mask
    spi_min spi_max threads tls.cipher tls.key_exchange tls.mac tls.suites tls.ke_group tls.signature
    tls.send_certreq_authorities tls.version_min tls.version_max user x509.enforce_critical
    """.split(whereSeparator: \.isWhitespace).map(String.init)
