# Interop cases: ends that send where their certificates are instead of the certificates (hash and URL). Sourced by scripts/interop.
#
# One end gives a place, the other takes what is there, from a server in its own namespace, at its outer address: iked does not ask
# this host itself when a stranger names it by a loopback address.

PLACES_PORT=8890

# MARK: - Publishing

places_url() { # TAKER
    echo "http://${OUTER4[$1]}:$PLACES_PORT/"
}

place_of() { # NAME -> the file that the certificate of NAME is published in
    openssl x509 -in "$(pki_file "$1" pem)" -outform DER | sha1sum | cut -d ' ' -f 1
}

places_publish() { # TAKER NAME [AS-NAME]
    mkdir -p "$WORK/$1.places"
    pki_tool x509 -in "$(pki_file "$2" pem)" -outform DER -out "$WORK/$1.places/$(place_of "${3:-$2}")"
}

places_serve() { # TAKER
    process_start "$WORK/$1.places.log" ip netns exec "$(namespace_of "$1")" \
        python3 -m http.server --bind "${OUTER4[$1]}" --directory "$WORK/$1.places" "$PLACES_PORT"
    wait_until 10 places_listen "$1" || die "nothing listens at port $PLACES_PORT of $1"
}

places_listen() { # HOST
    in_host "$1" ss -Hltn "sport = :$PLACES_PORT" | grep -q LISTEN
}

places_asked() { # TAKER NAME -> how often
    grep -c "GET /$(place_of "$2") " "$WORK/$1.places.log" || true
}

# MARK: - Cases

places_prepare() { # TAKER
    local taker=$1 giver
    STRONGSWAN_PLUGINS+=' curl'
    STRONGSWAN_SETTINGS+=$'\n  hash_and_url = yes'
    IKED_SETTINGS+=$'\n  hash_and_url = yes'
    certificates_prepare ecdsa256
    giver=${OTHER[$taker]}
    PEER_SECTIONS[$giver]+=$'\n'"authorities { root { cacert = root.pem"$'\n'"cert_uri_base = $(places_url "$taker")"$'\n} }'
}

# What was fetched once is at hand when the peer comes again.
case_places() { # TAKER INITIATOR
    local taker=$1 initiator=$2 giver
    places_prepare "$taker"
    giver=${OTHER[$taker]}
    places_publish "$taker" "$giver.test"
    places_serve "$taker"
    start_both
    peer_up "$initiator"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    (($(places_asked "$taker" "$giver.test") > 0)) || die "$taker did not fetch the certificate ($WORK/$taker.places.log)"
    peer_terminate "$initiator" ike
    wait_until 10 peer_has_no_sa "$taker" || die "$taker keeps its SA"
    peer_up "$initiator"
    peers_assert_agree ours theirs
    if [[ $(peer_family "$taker") == iked ]]; then
        (($(places_asked "$taker" "$giver.test") == 1)) || die "$taker fetched more than once ($WORK/$taker.places.log)"
    fi
    stop_both ours
}

peer_has_no_sa() { # HOST
    [[ -z $(peer_ike_spis "$1") ]]
}

# An authority between the end and the root is published as well.
case_places_of_a_chain() { # TAKER INITIATOR
    local taker=$1 initiator=$2 giver upper
    places_prepare "$taker"
    giver=${OTHER[$taker]}
    pki_authority upper root ecdsa256
    pki_end "$giver.test" upper ecdsa256
    pki_equip "$giver" "$giver.test" root upper
    PEER_SECTIONS[$giver]+=$'\n'"authorities { upper { cacert = upper.pem"$'\n'"cert_uri_base = $(places_url "$taker")"$'\n} }'
    for upper in "$giver.test" upper; do places_publish "$taker" "$upper"; done
    places_serve "$taker"
    start_both
    peer_up "$initiator"
    peers_assert_agree ours theirs
    for upper in "$giver.test" upper; do
        (($(places_asked "$taker" "$upper") == 1)) || die "$taker did not fetch $upper ($WORK/$taker.places.log)"
    done
    stop_both ours
}

case_bad_place() { # INITIATOR silent|missing|other
    local initiator=$1
    places_prepare ours
    mkdir -p "$WORK/ours.places"
    case $2 in
        silent) ;;
        missing) places_serve ours ;;
        other)
            places_publish ours ours.test theirs.test
            places_serve ours
            ;;
    esac
    start_both
    refused "$initiator"
    peers_assert_no_sa ours theirs
    case $2 in
        silent) taker_says 'Connection refused' ;;
        missing) taker_says 'status 404' ;;
        other) taker_says 'what is there has not the SHA-1 hash that the peer says' ;;
    esac
    stop_both ours
}

taker_says() { # WORDS
    grep -qF -- "the certificate of theirs.test cannot be fetched: $(places_url ours)$(place_of theirs.test): " \
        "$(peer_log ours)" || die "the log of ours does not say what cannot be fetched ($(peer_log ours))"
    grep -qF -- "$1" "$(peer_log ours)" || die "the log of ours does not say '$1' ($(peer_log ours))"
}

bad_place() { # INITIATOR silent|missing|other
    [[ $OURS == iked ]] || case_skip "only with iked at our end"
    case_bad_place "$@"
}

for initiator in ours theirs; do
    for taker in ours theirs; do
        case_add "$initiator-asks-$taker-fetches" case_places "$taker" "$initiator"
    done
    case_add "two-$initiator-asks-ours-fetches-chain" two_of_ours case_places_of_a_chain ours "$initiator"
    for trouble in silent missing other; do
        case_add "$initiator-asks-ours-fetches-$trouble" bad_place "$initiator" "$trouble"
    done
done

cases_quick ours-asks-ours-fetches theirs-asks-theirs-fetches
