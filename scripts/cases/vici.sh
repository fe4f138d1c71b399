# Interop cases: strongSwan's own tools against our control socket. Sourced by scripts/interop.
#
# Debian's swanctl and the Python package `vici` speak to the daemon at our end as they do to charon.

VICI_ENVIRONMENT=$ROOT/.build/interop/vici # a Python environment with the package from PyPI

swanctl_ours() { # SWANCTL-ARGUMENT...
    strongswan_tool_settings >"$WORK/swanctl.strongswan.conf"
    SWANCTL_DIR=$(peer_directory ours)/swanctl STRONGSWAN_CONF=$WORK/swanctl.strongswan.conf \
        timeout 60 swanctl "$@" --uri "unix://$("$(peer_family ours)_socket" ours)"
}

# Runs swanctl against our end and holds its output to patterns.
swanctl_says() { # SWANCTL-ARGUMENT... -- PATTERN...
    local arguments=() log pattern
    while [[ $1 != -- ]]; do
        arguments+=("$1")
        shift
    done
    shift
    log=$WORK/swanctl${arguments[0]}.log
    swanctl_ours "${arguments[@]}" >"$log" 2>&1 || {
        show_file "$log" 8
        die "swanctl ${arguments[*]} ended with an error ($log)"
    }
    for pattern in "$@"; do
        grep -qE -- "$pattern" "$log" || {
            show_file "$log" 12
            die "swanctl ${arguments[*]} does not show '$pattern' ($log)"
        }
    done
}

# Both ends run; ours knows nothing yet: connections and secrets come over the socket.
vici_prepare() {
    tunnel_prepare
    mkdir -p "$(peer_directory ours)/swanctl"
    peer_configuration ours >"$(peer_directory ours)/swanctl/swanctl.conf"
    PEER_EMPTY[ours]=yes
    start_both
}

case_swanctl() {
    vici_prepare
    swanctl_says --version --daemon -- 'swanctl|iked|charon'
    swanctl_says --stats -- 'uptime: ' 'IKE_SAs: 0 total'
    swanctl_says --list-conns --
    swanctl_says --list-sas --
    swanctl_says --load-all -- "loaded ike secret 'ike-site'" "loaded connection 'site'" 'successfully loaded 1 connections'
    swanctl_says --list-conns -- '^site: IKEv2' 'local: +10\.99\.0\.1' 'remote: +10\.99\.0\.2' 'id: ours\.test' \
        'net: TUNNEL' '10\.1\.0\.0/24' '10\.2\.0\.0/24'
    swanctl_log_begin
    swanctl_says --initiate --child net -- 'initiate completed successfully'
    swanctl_says --list-sas -- '^site: #[0-9]+, ESTABLISHED, IKEv2, [0-9a-f]{16}_i\* [0-9a-f]{16}_r' \
        "local +'ours\.test' @ 10\.99\.0\.1\[4500\]" "remote +'theirs\.test' @ 10\.99\.0\.2\[4500\]" \
        'AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384' 'net: #[0-9]+.*INSTALLED, TUNNEL-in-UDP, ESP:AES_GCM_16-256' \
        'in +[0-9a-f]{8},' 'out +[0-9a-f]{8},' 'local +10\.1\.0\.0/24' 'remote +10\.2\.0\.0/24'
    swanctl_says --stats -- 'IKE_SAs: 1 total, 0 half-open'
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    swanctl_says --counters -- 'ike-init-out-req +: +[1-9]' 'invalid-spi +: +0'
    swanctl_says --counters --name site -- "counters for 'site'|site" 'ike-auth-in-resp +: +[1-9]'
    swanctl_says --counters --name site --reset -- 'reset-counters completed successfully'
    swanctl_says --rekey --ike site --reauth -- 'rekey completed successfully'
    wait_until 15 peers_agree ours theirs || peers_assert_agree ours theirs
    swanctl_says --terminate --child net -- 'terminate completed successfully'
    wait_until 15 no_child_anywhere || die "the CHILD SA is left after swanctl --terminate --child"
    swanctl_says --initiate --child net -- 'initiate completed successfully'
    swanctl_says --terminate --ike site -- 'terminate completed successfully'
    peers_assert_no_sa ours theirs
    swanctl_log_end
    stop_both ours
}

# Certificates, keys and a connection that names them come over the socket, as swanctl reads them from its own directories.
case_swanctl_certificates() {
    local directory kind
    certificates_prepare ecdsa256
    directory=$(peer_directory ours)
    mkdir -p "$directory/swanctl"
    for kind in x509 x509ca private; do mv "$directory/$kind" "$directory/swanctl/"; done
    peer_configuration ours >"$directory/swanctl/swanctl.conf"
    PEER_EMPTY[ours]=yes
    start_both
    swanctl_says --load-all -- 'loaded certificate from .*ours\.test\.pem' 'loaded certificate from .*root\.pem' \
        'loaded .*key from .*ours\.test\.key' "loaded connection 'site'"
    swanctl_says --list-certs -- 'subject: +"C=CH, O=Interop, CN=root"' 'CN=ours\.test' 'has private key'
    peer_up ours
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    swanctl_says --load-creds --clear -- 'loaded'
    stop_both ours
}

# `swanctl --log` prints what the daemon logs until it is stopped.
swanctl_log_begin() {
    process_start "$WORK/log.log" swanctl --log --uri "unix://$("$(peer_family ours)_socket" ours)"
    SWANCTL_LOG=$STARTED
    wait_until 15 swanctl_log_connected || die "swanctl --log does not connect ($WORK/log.log)"
}

swanctl_log_connected() {
    ss --no-header --unix --processes | grep -q "pid=$SWANCTL_LOG,"
}

swanctl_log_end() {
    process_stop "$SWANCTL_LOG" # which is when it writes what it has
    grep -q '\[IKE\]' "$WORK/log.log" || die "swanctl --log shows nothing of the negotiation ($WORK/log.log)"
}

# A negotiation that fails is told through the tool, with its reason, and by its status.
case_swanctl_failure() {
    tunnel_prepare
    PEER_SECRET[theirs]=another-secret-$RUN_SECRET
    start_both
    if swanctl_ours --initiate --child net >"$WORK/initiate.log" 2>&1; then
        die "swanctl --initiate ended with 0 although the secrets differ"
    fi
    grep -q 'initiate failed: ' "$WORK/initiate.log" || die "swanctl --initiate does not say why ($WORK/initiate.log)"
    if swanctl_ours --initiate --child nosuch >"$WORK/nosuch.log" 2>&1; then
        die "swanctl --initiate --child nosuch ended with 0"
    fi
    note "$(tail -n 1 "$WORK/initiate.log" | cut -c 1-120)"
    stop_both ours
}

case_python_vici() {
    vici_environment || case_skip "the Python package vici cannot be installed here: $(tail -n 1 "$WORK/pip.log")"
    vici_prepare
    bounded 60 "$VICI_ENVIRONMENT/bin/python" "$ROOT/scripts/lib/vici_session.py" \
        "$("$(peer_family ours)_socket" ours)" "${PEER_SECRET[ours]}" >"$WORK/python.log" 2>&1 || {
        show_file "$WORK/python.log" 15
        die "the Python session failed ($WORK/python.log)"
    }
    note "$(tail -n 1 "$WORK/python.log")"
    peers_assert_no_sa ours theirs
    stop_both ours
}

vici_environment() {
    [[ ! -x $VICI_ENVIRONMENT/bin/python ]] || return 0
    rm -rf "$VICI_ENVIRONMENT.partial" "$VICI_ENVIRONMENT"
    bounded 60 /usr/bin/python3 -m venv "$VICI_ENVIRONMENT.partial" >"$WORK/pip.log" 2>&1 || return 1
    bounded 120 "$VICI_ENVIRONMENT.partial/bin/pip" install --quiet --disable-pip-version-check vici \
        >"$WORK/pip.log" 2>&1 || return 1
    mv "$VICI_ENVIRONMENT.partial" "$VICI_ENVIRONMENT"
}

# What `ikectl status --json` and `swanctl --list-sas` say of the same moment is the same.
case_json_agrees() {
    [[ ${OURS:-} == iked ]] || case_skip "only iked has ikectl"
    tunnel_prepare
    tunnel_up ours
    [[ $(peer_ike_spis ours) == "$(peer_list_raw ours | vici_ike_spis)" ]] || die "the IKE SPIs differ"
    [[ $(peer_child_spis ours) == "$(peer_list_raw ours | vici_child_spis)" ]] || die "the CHILD SPIs differ"
    iked_control ours status >"$WORK/status.log" || die "ikectl status ended with $?"
    [[ $(wc -L <"$WORK/status.log") -le 100 ]] || die "ikectl status is wider than 100 columns ($WORK/status.log)"
    ! grep -q $'\e' "$WORK/status.log" || die "ikectl status is coloured although nobody watches ($WORK/status.log)"
    stop_both ours
}

case_add vici-swanctl case_swanctl
case_add vici-swanctl-certificates case_swanctl_certificates
case_add vici-swanctl-failure case_swanctl_failure
case_add vici-python case_python_vici
case_add json-agrees case_json_agrees

cases_quick vici-swanctl json-agrees
