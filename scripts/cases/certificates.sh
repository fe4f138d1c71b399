# Interop cases: ends that prove who they are by signatures. Sourced by scripts/interop.

# Both ends have certificates of one authority, and ask each other for them.
certificates_prepare() { # KIND-OF-KEY [AUTH]
    local host
    tunnel_prepare
    pki_authority root -
    for host in ours theirs; do
        pki_end "$host.test" root "$1"
        pki_equip "$host" "$host.test" root
        PEER_AUTH[$host]="auth = ${2:-pubkey}"$'\n'"      certs = $host.test.pem"
        PEER_REMOTE_AUTH[$host]="auth = ${2:-pubkey}"
    done
}

certificates_carry() { # INITIATOR
    start_both
    peer_up "$1"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both ours
}

case_certificate() { # INITIATOR KIND [AUTH]
    certificates_prepare "$2" "${3:-pubkey}"
    certificates_carry "$1"
}

# Without SIGNATURE_HASH_ALGORITHMS there are the methods from before RFC 7427 only: RSA with SHA-1, ECDSA on its curves.
case_classic_signature() { # INITIATOR KIND
    STRONGSWAN_SETTINGS+=$'\n  signature_authentication = no'
    STRONGSWAN_PLUGINS+=' sha1'
    certificates_prepare "$2"
    certificates_carry "$1"
}

# Each end knows the root alone; the authority between comes with the certificate.
case_certificate_chain() { # INITIATOR
    local host
    tunnel_prepare
    pki_authority root - ecdsa384
    for host in ours theirs; do
        pki_authority "upper-$host" root ecdsa256
        pki_authority "lower-$host" "upper-$host" rsa
        pki_end "$host.test" "lower-$host" ecdsa256
        pki_equip "$host" "$host.test" root "upper-$host" "lower-$host"
        PEER_AUTH[$host]=$'auth = pubkey\n      certs = '"$host.test.pem"
        PEER_REMOTE_AUTH[$host]=$'auth = pubkey\n      cacerts = root.pem'
    done
    certificates_carry "$1"
}

# Who an end is follows from its certificate; whom it expects is a pattern.
case_distinguished_name() { # INITIATOR
    local host
    certificates_prepare ecdsa256
    for host in ours theirs; do
        PEER_ID[$host]="C=CH, O=Interop, CN=$host.test"
    done
    PEER_REMOTE_ID[ours]="C=CH, O=Interop, CN=*"
    PEER_REMOTE_ID[theirs]="C=CH, O=Interop, CN=*"
    certificates_carry "$1"
    our_log_says "C=CH, O=Interop, CN=ours\.test === C=CH, O=Interop, CN=theirs\.test"
}

# Keys without certificates (RFC 7670): each end has the other's.
case_raw_key() { # INITIATOR KIND
    local host
    tunnel_prepare
    for host in ours theirs; do
        pki_key "$host" "$2"
        pki_tool pkey -in "$(pki_file "$host" key)" -pubout -out "$(pki_file "$host" pub)"
    done
    for host in ours theirs; do
        pki_give "$host" "$(pki_file ours pub)" pubkey
        pki_give "$host" "$(pki_file theirs pub)" pubkey
        pki_give "$host" "$(pki_file "$host" key)" private
        PEER_AUTH[$host]=$'auth = pubkey\n      pubkeys = '"$host.pub"
        PEER_REMOTE_AUTH[$host]=$'auth = pubkey\n      pubkeys = '"${OTHER[$host]}.pub"
    done
    certificates_carry "$1"
}

# One end has a certificate, the other the secret.
case_mixed_proofs() { # WHO-HAS-THE-CERTIFICATE
    certificates_prepare ecdsa256
    PEER_AUTH[${OTHER[$1]}]='auth = psk'
    PEER_REMOTE_AUTH[$1]='auth = psk'
    certificates_carry ours
}

our_log_says() { # PATTERN
    [[ ${PEER_KIND[ours]} == iked ]] || return 0
    grep -qE -- "$1" "$(peer_log ours)" || die "our log does not say '$1' ($(peer_log ours))"
}

# MARK: - Refusals

# Ours refuses what theirs presents, and says why.
certificates_refused() { # INITIATOR PATTERN
    start_both
    refused "$1"
    our_log_says "$2"
    [[ ${PEER_KIND[ours]} != iked ]] || note "$(grep -E -- "$2" "$(peer_log ours)" | tail -n 1 | cut -c 1-200)"
    peers_assert_no_sa ours theirs
    stop_both ours
}

# A list of revoked certificates: ours needs one, theirs need not.
case_revocation() { # INITIATOR good|revoked|missing
    [[ $OURS == iked ]] || case_skip "about how iked judges"
    certificates_prepare ecdsa256
    PEER_REMOTE_AUTH[ours]+=$'\n      revocation = strict'
    case $2 in
        good) pki_revoke root ours.test ;;
        revoked) pki_revoke root theirs.test ;;
    esac
    [[ $2 == missing ]] || pki_give ours "$(pki_file root crl)" x509crl
    case $2 in
        good) certificates_carry "$1" ;;
        revoked) certificates_refused "$1" 'theirs\.test.* revoked' ;;
        missing) certificates_refused "$1" 'revocation|revoked' ;;
    esac
}

case_bad_certificate() { # INITIATOR expired|stranger|self-signed|wrong-usage
    local pattern
    [[ $OURS == iked || $2 != wrong-usage ]] || case_skip "strongSwan asks for no usage"
    certificates_prepare ecdsa256
    case $2 in
        expired)
            pki_end theirs.test root ecdsa256 DNS:theirs.test -1
            pattern='theirs\.test.*(expired|not valid)'
            ;;
        stranger)
            pki_authority stranger -
            pki_end theirs.test stranger ecdsa256
            pki_give theirs "$(pki_file stranger pem)" x509ca
            pattern='stranger'
            ;;
        self-signed)
            pki_certificate theirs.test - 365 $'subjectAltName = DNS:theirs.test\nbasicConstraints = CA:FALSE'
            pattern='theirs\.test.*(itself|self-signed)'
            ;;
        wrong-usage)
            pki_certificate theirs.test root 365 $'subjectAltName = DNS:theirs.test\nextendedKeyUsage = emailProtection'
            pattern='theirs\.test.*usage'
            ;;
    esac
    pki_equip theirs theirs.test root
    certificates_refused "$1" "$pattern"
}

for initiator in ours theirs; do
    for kind in rsa ecdsa256 ecdsa384 ecdsa521 ed25519 ed448; do
        case_add "$initiator-cert-$kind" case_certificate "$initiator" "$kind"
    done
    case_add "$initiator-cert-rsa-pss" case_certificate "$initiator" rsa ike:rsa/pss-sha256
    case_add "$initiator-cert-rsa-sha512" case_certificate "$initiator" rsa ike:rsa-sha512
    case_add "$initiator-cert-classic-rsa" case_classic_signature "$initiator" rsa
    case_add "$initiator-cert-classic-ecdsa" case_classic_signature "$initiator" ecdsa256
    case_add "$initiator-cert-chain" case_certificate_chain "$initiator"
    case_add "$initiator-cert-dn" case_distinguished_name "$initiator"
    case_add "$initiator-raw-key-ecdsa" case_raw_key "$initiator" ecdsa256
    case_add "$initiator-raw-key-rsa" case_raw_key "$initiator" rsa
    case_add "$initiator-cert-and-psk" case_mixed_proofs "$initiator"
    for state in good revoked missing; do
        case_add "$initiator-crl-$state" case_revocation "$initiator" "$state"
    done
    for flaw in expired stranger self-signed wrong-usage; do
        case_add "$initiator-cert-$flaw" case_bad_certificate "$initiator" "$flaw"
    done
done

cases_quick ours-cert-ecdsa256 theirs-cert-ed25519 theirs-crl-revoked
