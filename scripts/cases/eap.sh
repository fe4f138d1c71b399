# Interop cases: initiators that are asked by EAP. Sourced by scripts/interop.

# The client is alice, and proves it by EAP; the gateway has a certificate that the client knows the authority of.
eap_prepare() { # WHO-IS-THE-CLIENT METHOD-OF-THE-GATEWAY [METHOD-OF-THE-CLIENT]
    local client=$1 gateway
    tunnel_prepare
    gateway=${OTHER[$client]}
    STRONGSWAN_PLUGINS+=' eap-identity eap-mschapv2 eap-tls eap-ttls sha1'
    pki_authority root -
    pki_end "$gateway.test" root rsa
    pki_equip "$gateway" "$gateway.test" root
    pki_trust "$client" root
    PEER_ID[$client]=alice@interop.test
    PEER_AUTH[$gateway]="auth = pubkey"$'\n'"      certs = $gateway.test.pem"
    PEER_REMOTE_AUTH[$client]='auth = pubkey'
    PEER_AUTH[$client]="auth = ${3:-$2}"$'\n      eap_id = alice'
    PEER_REMOTE_AUTH[$gateway]="auth = $2"$'\n      eap_id = %any'
    PEER_SECTIONS[$gateway]=$(eap_secret alice "$RUN_SECRET")
    PEER_SECTIONS[$client]=$(eap_secret alice "$RUN_SECRET")
}

eap_secret() { # USER PASSWORD
    printf 'secrets {\n  eap-%s {\n    id = %s\n    secret = "%s"\n  }\n}\n' "$1" "$1" "$2"
}

eap_carry() { # CLIENT
    start_both
    peer_up "$1"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
}

case_eap_mschapv2() { # WHO-IS-THE-CLIENT
    eap_prepare "$1" eap-mschapv2
    eap_carry "$1"
    stop_both ours
}

# A wrong password lets nobody in, and the gateway says whose it was.
case_eap_wrong_password() { # WHO-IS-THE-CLIENT
    eap_prepare "$1" eap-mschapv2
    PEER_SECTIONS[$1]=$(eap_secret alice wrong)
    start_both
    ! peer_initiate "$1" || die "$1 came in with a wrong password"
    peers_assert_no_sa ours theirs
    [[ ${PEER_KIND[${OTHER[$1]}]} != iked ]] || our_log_says 'alice'
    stop_both ours
}

# TLS on both sides: alice has a certificate, too.
eap_tls_prepare() { # WHO-IS-THE-CLIENT TLS-VERSION
    local client=$1
    eap_prepare "$client" eap-tls
    # Debian's own strongSwan speaks TLS 1.3 in EAP as a draft had it; the newer one as RFC 9190 has it.
    [[ $2 != 1.3 ]] || kinds strongswan-raw
    pki_end alice root ecdsa256 email:alice@interop.test
    pki_equip "$client" alice root
    PEER_AUTH[$client]=$'auth = eap-tls\n      certs = alice.pem'
    STRONGSWAN_SETTINGS+=$'\n  tls {\n    version_min = '"$2"$'\n    version_max = '"$2"$'\n  }'
    PEER_SECTIONS[$client]=
    PEER_SECTIONS[${OTHER[$client]}]=
}

case_eap_tls() { # WHO-IS-THE-CLIENT TLS-VERSION
    eap_tls_prepare "$1" "$2"
    eap_carry "$1"
    iked_control ours status --verbose | grep -F "TLS $2" >"$WORK/tls.log" || die "ikectl status does not tell the TLS version $2"
    stop_both ours
}

# A certificate of somebody whom the gateway does not trust.
case_eap_tls_stranger() { # WHO-IS-THE-CLIENT
    eap_tls_prepare "$1" 1.2
    pki_authority elsewhere -
    pki_end alice elsewhere ecdsa256 email:alice@interop.test
    pki_equip "$1" alice root elsewhere
    start_both
    ! peer_initiate "$1" || die "$1 came in with a certificate that nobody trusts"
    peers_assert_no_sa ours theirs
    stop_both ours
}

case_eap_ttls() { # WHO-IS-THE-CLIENT
    eap_prepare "$1" eap-ttls
    STRONGSWAN_SETTINGS+=$'\n  plugins {\n    eap-ttls {\n      phase2_method = mschapv2\n    }\n  }'
    eap_carry "$1"
    stop_both ours
}

# MARK: - RADIUS

# Ours is a gateway that has FreeRADIUS beside it ask; theirs is the client, and its user one that the server knows.
radius_prepare() { # METHOD
    eap_prepare theirs eap-radius "eap-$1"
    pki_end aaa.test root rsa
    radius_start ours "$(pki_file aaa.test pem)" "$(pki_file aaa.test key)" "$(pki_file root pem)"
    PEER_AUTH[theirs]="auth = eap-$1"$'\n      eap_id = '"$RADIUS_USER"$'\n      aaa_id = aaa.test'
    PEER_SECTIONS[theirs]=$(eap_secret "$RADIUS_USER" "$RADIUS_PASSWORD")
    PEER_SECTIONS[ours]=$(radius_gateway)
}

radius_gateway() {
    cat <<CONF
iked {
  radius {
    accounting = yes
    servers {
      beside {
        address = 127.0.0.1
        secret = $RADIUS_SECRET
      }
    }
  }
}
CONF
}

case_eap_radius() { # METHOD
    radius_prepare "$1"
    eap_carry theirs
    wait_until 10 radius_accounts Start || die "the RADIUS server has no start record ($(radius_accounting ours))"
    peer_terminate theirs ike
    wait_until 10 radius_accounts Stop || die "the RADIUS server has no stop record ($(radius_accounting ours))"
    stop_both ours
}

radius_accounts() { # Start|Stop
    grep -F "Acct-Status-Type = $1" "$(radius_accounting ours)" >/dev/null 2>&1
}

# The server gives the client its address.
case_eap_radius_address() {
    RADIUS_ATTRIBUTES='    Framed-IP-Address := 10.66.7.7'
    radius_prepare mschapv2
    STRONGSWAN_SETTINGS+=$'\n  install_virtual_ip = yes\n  install_virtual_ip_on = ipsec0'
    PEER_CONNECTION_KEYS[theirs]='    vips = 0.0.0.0'
    PEER_LOCAL_TS[theirs]=dynamic
    PEER_REMOTE_TS[ours]=dynamic
    start_both
    peer_up theirs
    wait_until 10 ping_from ours 10.66.7.7 || die "the client does not answer at 10.66.7.7 ($WORK/ping.log)"
    stop_both ours
}

case_eap_radius_refused() { # password|silence
    local words="the authentication server refuses $RADIUS_USER"
    radius_prepare mschapv2
    if [[ $1 == password ]]; then
        PEER_SECTIONS[theirs]=$(eap_secret "$RADIUS_USER" wrong)
    else
        radius_stop ours
        words='127\.0\.0\.1'
    fi
    start_both
    ! peer_initiate theirs || die "theirs came in all the same ($1)"
    our_log_says "$words"
    peers_assert_no_sa ours theirs
    stop_both ours
}

for client in ours theirs; do
    case_add "$client-eap-mschapv2" case_eap_mschapv2 "$client"
    case_add "$client-eap-wrong-password" case_eap_wrong_password "$client"
    case_add "$client-eap-tls-1.2" case_eap_tls "$client" 1.2
    case_add "$client-eap-tls-1.3" case_eap_tls "$client" 1.3
    case_add "$client-eap-tls-stranger" case_eap_tls_stranger "$client"
    case_add "$client-eap-ttls" case_eap_ttls "$client"
done

for method in mschapv2 ttls; do
    case_add "theirs-eap-radius-$method" case_eap_radius "$method"
done
case_add theirs-eap-radius-address case_eap_radius_address
case_add theirs-eap-radius-password case_eap_radius_refused password
case_add theirs-eap-radius-silence case_eap_radius_refused silence

cases_quick ours-eap-mschapv2 theirs-eap-tls-1.3
