# Interop cases: certificates whose issuer is asked over the network whether they are revoked. Sourced by scripts/interop.
#
# One end judges the other's certificate, with `revocation = strict`. What the certificate names is served in the judge's own
# namespace: a responder of OCSP (openssl ocsp), or a revocation list over HTTP.

REVOCATION_PORT=8888

# MARK: - The authority's services

# The state of what an authority has issued, as its responder reads it.
revocation_index() { # AUTHORITY good|revoked NAME
    local serial expiry state=V when=
    serial=$(openssl x509 -in "$(pki_file "$3" pem)" -noout -serial)
    expiry=$(date -u -d '+30 days' +%y%m%d%H%M%SZ)
    if [[ $2 == revoked ]]; then state=R when=$(date -u -d '-1 hour' +%y%m%d%H%M%SZ); fi
    printf '%s\t%s\t%s\t%s\tunknown\t/C=CH/O=Interop/CN=%s\n' "$state" "$expiry" "$when" "${serial#serial=}" "$3" \
        >"$(pki_file "$1" index)"
}

revocation_responder() { # HOST AUTHORITY good|revoked NAME
    revocation_index "$2" "$3" "$4"
    process_start "$WORK/$1.responder.log" ip netns exec "$(namespace_of "$1")" \
        openssl ocsp -index "$(pki_file "$2" index)" -port "$REVOCATION_PORT" -CA "$(pki_file "$2" pem)" \
        -rsigner "$(pki_file "$2" pem)" -rkey "$(pki_file "$2" key)" -nmin 60
    revocation_wait "$1"
}

revocation_server() { # HOST AUTHORITY good|revoked NAME
    local names=()
    [[ $3 == good ]] || names=("$4")
    pki_revoke "$2" "${names[@]}"
    mkdir -p "$WORK/$1.web"
    pki_tool crl -in "$(pki_file "$2" crl)" -outform DER -out "$WORK/$1.web/$2.crl"
    process_start "$WORK/$1.web.log" ip netns exec "$(namespace_of "$1")" \
        python3 -m http.server --bind 127.0.0.1 --directory "$WORK/$1.web" "$REVOCATION_PORT"
    revocation_wait "$1"
}

revocation_wait() { # HOST
    wait_until 10 revocation_listens "$1" || die "nothing listens at port $REVOCATION_PORT of $1"
}

revocation_listens() { # HOST
    in_host "$1" ss -Hltn "sport = :$REVOCATION_PORT" | grep -q LISTEN
}

# MARK: - Cases

revocation_prepare() { # JUDGE ocsp|crl
    local judge=$1 judged place
    STRONGSWAN_PLUGINS+=' curl'
    certificates_prepare ecdsa256
    judged=${OTHER[$judge]}
    case $2 in
        ocsp) place="authorityInfoAccess = OCSP;URI:http://127.0.0.1:$REVOCATION_PORT/" ;;
        crl) place="crlDistributionPoints = URI:http://127.0.0.1:$REVOCATION_PORT/root.crl" ;;
    esac
    pki_certificate "$judged.test" root 365 "subjectAltName = DNS:$judged.test"$'\nkeyUsage = digitalSignature\n'"$place"
    pki_equip "$judged" "$judged.test" root
    PEER_REMOTE_AUTH[$judge]+=$'\n      revocation = strict'
}

case_asked_revocation() { # JUDGE INITIATOR ocsp|crl good|revoked|silent
    local judge=$1 initiator=$2 judged
    revocation_prepare "$judge" "$3"
    judged=${OTHER[$judge]}
    case $3-$4 in
        *-silent) ;;
        ocsp-*) revocation_responder "$judge" root "$4" "$judged.test" ;;
        crl-*) revocation_server "$judge" root "$4" "$judged.test" ;;
    esac
    if [[ $4 == good ]]; then
        certificates_carry "$initiator"
        return
    fi
    start_both
    refused "$initiator"
    peers_assert_no_sa ours theirs
    case $(peer_family "$judge")-$4 in
        iked-revoked) judge_says "the certificate of .*CN=$judged\.test.* is revoked" ;;
        iked-silent) judge_says "nobody says whether.*http://127\.0\.0\.1:$REVOCATION_PORT/.*Connection refused" ;;
        *) judge_says 'certificate was revoked' ;;
    esac
    stop_both ours
}

judge_says() { # PATTERN
    grep -qE -- "$1" "$(peer_log "$judge")" || die "the log of $judge does not say '$1' ($(peer_log "$judge"))"
}

# What a responder says of our certificate goes along with it, so that the other end, which no responder can be reached from,
# need not ask.
case_stapled_status() { # GIVER
    local giver=$1 judge
    case $giver in
        ours) judge=theirs ;;
        theirs) judge=ours ;;
    esac
    revocation_prepare "$judge" ocsp
    PEER_CONNECTION_KEYS[$giver]+=$'\n    ocsp = reply'
    PEER_CONNECTION_KEYS[$judge]+=$'\n    ocsp = request'
    revocation_responder "$giver" root good "$giver.test"
    start_both
    wait_until 10 grep -q 'Received request' "$WORK/$giver.responder.log" || die "$giver did not ask about its own certificate"
    peer_up "$giver"
    peers_assert_agree ours theirs
    stop_both ours
}

for initiator in ours theirs; do
    for judge in ours theirs; do
        for place in ocsp crl; do
            for state in good revoked; do
                case_add "$initiator-asks-$judge-judges-$place-$state" \
                    case_asked_revocation "$judge" "$initiator" "$place" "$state"
            done
        done
    done
    case_add "$initiator-asks-ours-judges-ocsp-silent" case_asked_revocation ours "$initiator" ocsp silent
done
for giver in ours theirs; do
    case_add "two-stapled-by-$giver" two_of_ours case_stapled_status "$giver"
done

cases_quick ours-asks-ours-judges-ocsp-good theirs-asks-ours-judges-crl-revoked
