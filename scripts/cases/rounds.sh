# Interop cases: ends that prove several identities one after the other (RFC 4739). Sourced by scripts/interop.

# Both ends have a certificate, and the client then is alice with her password.
rounds_prepare() { # WHO-IS-THE-CLIENT PASSWORD
    local client=$1 gateway
    certificates_prepare ecdsa256
    gateway=${OTHER[$client]}
    STRONGSWAN_PLUGINS+=' eap-identity eap-mschapv2 sha1'
    PEER_CONNECTION_KEYS[$client]=$(rounds_section local-2 'auth = eap-mschapv2' 'id = alice@interop.test' 'eap_id = alice')
    PEER_CONNECTION_KEYS[$gateway]=$(rounds_section remote-2 'auth = eap-mschapv2' 'eap_id = %any')
    PEER_SECTIONS[$client]=$(eap_secret alice "$2")
    PEER_SECTIONS[$gateway]=$(eap_secret alice "$RUN_SECRET")
}

rounds_section() { # NAME SETTING...
    local name=$1
    shift
    printf '    %s {\n      round = 2\n' "$name"
    printf '      %s\n' "$@"
    printf '    }'
}

case_rounds_password() { # WHO-IS-THE-CLIENT
    rounds_prepare "$1" "$RUN_SECRET"
    eap_carry "$1"
    our_log_says 'alice@interop\.test, too'
    rounds_status_tells 'and alice@interop.test ('
    stop_both ours
}

rounds_status_tells() { # WORDS
    [[ ${PEER_KIND[ours]} == iked ]] || return 0
    iked_control ours status >"$WORK/status.log"
    grep -F -- "$1" "$WORK/status.log" >/dev/null || die "ikectl status does not say '$1' ($WORK/status.log)"
}

case_rounds_wrong_password() { # WHO-IS-THE-CLIENT
    rounds_prepare "$1" wrong
    start_both
    ! peer_initiate "$1" || die "$1 came in with a certificate and a wrong password"
    peers_assert_no_sa ours theirs
    [[ ${PEER_KIND[${OTHER[$1]}]} != iked ]] || our_log_says 'alice'
    stop_both ours
}

# A second certificate of both ends, so that both have something left to prove after the first round.
case_rounds_certificates() { # INITIATOR
    local host
    certificates_prepare ecdsa256
    for host in ours theirs; do
        pki_end "second-$host.test" root ed25519
        pki_give "$host" "$(pki_file "second-$host.test" pem)" x509
        pki_give "$host" "$(pki_file "second-$host.test" key)" private
        PEER_CONNECTION_KEYS[$host]=$(
            rounds_section local-2 'auth = pubkey' "id = second-$host.test" "certs = second-$host.test.pem"
            printf '\n'
            rounds_section remote-2 'auth = pubkey' "id = second-${OTHER[$host]}.test"
        )
    done
    certificates_carry "$1"
    our_log_says 'the peer is second-theirs\.test, too'
}

for client in ours theirs; do
    case_add "$client-rounds-password" case_rounds_password "$client"
    case_add "$client-rounds-wrong-password" case_rounds_wrong_password "$client"
    case_add "$client-rounds-certificates" case_rounds_certificates "$client"
done

cases_quick theirs-rounds-password
