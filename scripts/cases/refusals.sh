# Interop cases: negotiations that must fail, with a reason, and leave nothing. Sourced by scripts/interop.

# What a person reads at our side after a refusal: the tool's words when we asked, the daemon's log when they did.
our_words() { # INITIATOR
    if [[ $1 == ours ]]; then cat "$(peer_directory ours)/initiate.log"; else cat "$(peer_log ours)"; fi
}

# Our side names the reason. Only iked's own words are held to this; strongSwan in our place has other ones.
assert_our_words() { # INITIATOR PATTERN...
    [[ ${PEER_KIND[ours]} == iked ]] || return 0
    local initiator=$1 pattern
    shift
    for pattern in "$@"; do
        our_words "$initiator" | grep -qiE -- "$pattern" || {
            our_words "$initiator" | tail -n 8
            die "our side does not say '$pattern' where a person looks"
        }
    done
    note "$(our_words "$initiator" | grep -iE -- "$1" | tail -n 1 | cut -c 1-160)"
}

refused() { # INITIATOR
    ! peer_initiate "$1" || die "the connection came up although it must not"
}

assert_no_child() {
    local host
    for host in ours theirs; do
        [[ -z $(peer_child_spis "$host") ]] || die "$host has a CHILD SA after a refusal"
    done
}

# The IKE SA may stand when only its first child was refused; who asks ends it. Our tool asked for the child, so nothing
# stays of what it started.
end_refused_child() { # INITIATOR
    assert_no_child
    if [[ $1 == ours && ${PEER_KIND[ours]} == iked ]]; then
        peers_assert_no_sa ours theirs
    fi
    stop_both ours
}

case_wrong_psk() { # INITIATOR
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    PEER_SECRET[theirs]=another-secret-$RUN_SECRET
    start_both
    refused "$1"
    assert_our_words "$1" 'AUTHENTICATION_FAILED|authentication failed|pre-shared key|PSK' 'site|theirs\.test'
    peers_assert_no_sa ours theirs
    stop_both ours
}

case_no_ike_proposal() { # INITIATOR
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    PEER_IKE[ours]=aes256gcm16-prfsha384-ecp384 PEER_IKE[theirs]=aes128-sha256-modp2048
    start_both
    refused "$1"
    assert_our_words "$1" 'NO_PROPOSAL_CHOSEN|no (common )?proposal' 'aes_gcm_16_256|aes256gcm16'
    [[ $1 == ours ]] || assert_our_words "$1" 'aes_cbc_128|aes128'
    peers_assert_no_sa ours theirs
    stop_both ours
}

case_no_esp_proposal() { # INITIATOR
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    PEER_ESP[ours]=aes256gcm16 PEER_ESP[theirs]=aes128-sha256
    start_both
    refused "$1"
    assert_our_words "$1" 'NO_PROPOSAL_CHOSEN|no (common )?proposal' 'aes_gcm_16_256|aes256gcm16'
    [[ $1 == ours ]] || assert_our_words "$1" 'aes_cbc_128|aes128'
    end_refused_child "$1"
}

case_no_selectors() { # INITIATOR
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    PEER_REMOTE_TS[ours]=10.77.0.0/24
    start_both
    refused "$1"
    assert_our_words "$1" 'TS_UNACCEPTABLE|selector' '10\.77\.0\.0/24'
    [[ $1 == ours ]] || assert_our_words "$1" '10\.2\.0\.0/24'
    end_refused_child "$1"
}

# Nobody lives at the peer's address: `up` says so after its retransmissions, in bounded time.
case_unreachable() {
    topology_direct ours theirs
    peer_defaults ours theirs
    kinds strongswan
    PEER_REMOTE[ours]=10.99.0.77
    peer_start ours
    refused ours
    assert_our_words ours '10\.99\.0\.77' 'no (answer|response|reply)|unreachable|timed? ?out|did not answer'
    peers_assert_no_sa ours
    peer_stop ours
}

# The peer's machine is there but no daemon: port 500 answers with an ICMP error.
case_nobody_listens() {
    topology_direct ours theirs
    peer_defaults ours theirs
    kinds strongswan
    peer_start ours
    refused ours
    assert_our_words ours '10\.99\.0\.2' 'no (answer|response|reply)|unreachable|timed? ?out|did not answer|refused'
    peers_assert_no_sa ours
    peer_stop ours
}

for initiator in ours theirs; do
    case_add "$initiator-wrong-psk" case_wrong_psk "$initiator"
    case_add "$initiator-no-ike-proposal" case_no_ike_proposal "$initiator"
    case_add "$initiator-no-esp-proposal" case_no_esp_proposal "$initiator"
    case_add "$initiator-no-selectors" case_no_selectors "$initiator"
done
case_add unreachable case_unreachable
case_add nobody-listens case_nobody_listens

cases_quick ours-wrong-psk theirs-no-esp-proposal
