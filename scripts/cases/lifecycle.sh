# Interop cases: what happens to an SA after it is up. Sourced by scripts/interop.

tunnel_up() { # INITIATOR; further keys are set before
    start_both
    peer_up "$1"
    peers_assert_agree ours theirs
}

tunnel_prepare() {
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
}

case_delete() { # WHO-DELETES ike|child
    tunnel_prepare
    tunnel_up ours
    ping_both_ways ours theirs
    peer_terminate "$1" "$2" || die "$1 cannot end the $2 SA ($(peer_directory "$1")/terminate.log)"
    if [[ $2 == ike ]]; then
        peers_assert_no_sa ours theirs
    else
        wait_until 15 no_child_anywhere || die "a CHILD SA is left after its delete"
        [[ -n $(peer_ike_spis ours) && $(peer_ike_spis ours) == "$(peer_ike_spis theirs)" ]] ||
            die "the IKE SA went with its child"
    fi
    ! ping_through ours theirs 4 1 || die "packets still pass after the delete"
    # What was ended can be had again.
    peer_up theirs
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both theirs
}

no_child_anywhere() {
    [[ -z $(peer_child_spis ours)$(peer_child_spis theirs) ]]
}

# One end asks every second whether the other lives; the SA must outlast that. The counting is done on the wire: what
# each end logs is its own affair. A liveness request and its answer are two small IKE messages behind a non-ESP marker.
case_liveness() { # WHO-ASKS
    local before
    tunnel_prepare
    PEER_CONNECTION_KEYS[$1]='    dpd_delay = 1s'
    tunnel_up ours
    before=$(peer_ike_spis ours)
    capture_start ours to-theirs "$WORK/wire.pcap" 'udp port 4500 and udp[8:4] = 0'
    capture_await 6 20 "$WORK/wire.pcap" 'udp' || die "no three liveness requests with answers in 20 s ($WORK/wire.pcap)"
    capture_stop
    [[ $(peer_ike_spis ours) == "$before" ]] || die "the IKE SA did not outlast liveness checks"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both ours
}

# A second child on the IKE SA of the first, for the other address family.
case_second_child() { # INITIATOR
    local host
    tunnel_prepare
    for host in ours theirs; do
        PEER_MORE_CHILDREN[$host]="      net6 {
        local_ts = ${NETWORK6[$host]}
        remote_ts = ${NETWORK6[${OTHER[$host]}]}
        esp_proposals = ${PEER_ESP[$host]}
      }"
    done
    tunnel_up "$1"
    peer_initiate "$1" net6 || die "$1 cannot bring the second child up ($(peer_directory "$1")/initiate.log)"
    peers_assert_agree ours theirs
    [[ $(peer_ike_spis ours | wc -l) == 1 && $(peer_child_spis ours | wc -l) == 2 ]] ||
        die "two CHILD SAs on one IKE SA expected: $(peer_ike_spis ours) $(peer_child_spis ours)"
    ping_both_ways ours theirs 4
    ping_both_ways ours theirs 6
    stop_both ours
}

# Both ask at the same moment. Where ours is one of them, exactly one IKE SA and one CHILD SA remain, whoever began it: ours
# knows a rule for that. Two strongSwans may keep two, or take each other's INITIAL_CONTACT for a restart; liveness checks
# bring them to agree.
case_both_initiate() {
    local pid
    tunnel_prepare
    PEER_CONNECTION_KEYS[ours]='    dpd_delay = 1s'
    PEER_CONNECTION_KEYS[theirs]='    dpd_delay = 1s'
    start_both
    peer_initiate theirs &
    pid=$!
    peer_initiate ours || true
    wait "$pid" || true
    if [[ ${PEER_KIND[ours]} == iked ]]; then
        wait_until 40 one_of_each || die "not one SA of each kind: $(peer_ike_spis ours) $(peer_child_spis ours)"
    fi
    wait_until 30 peers_agree ours theirs || peers_assert_agree ours theirs
    ping_both_ways ours theirs
    note "$(peer_ike_spis ours | wc -l) IKE SAs, $(peer_child_spis ours | wc -l) CHILD SAs"
    stop_both ours
}

one_of_each() {
    local host
    for host in ours theirs; do
        [[ -n $(peer_child_spis "$host") && $(peer_ike_spis "$host" | wc -l) == 1 ]] || return 1
        [[ $(peer_child_spis "$host" | wc -l) == 1 ]] || return 1
    done
    peers_agree ours theirs
}

# Authenticating again replaces the IKE SA as a whole, and loses nothing: the new one is made before the old one goes.
# strongSwan's user-space ESP may lose what is under way in the instant in which it forgets the old SA, with another
# strongSwan as well (one ping in 24 such runs). Where it replaces the SA, one may go, if ours has dropped nothing.
case_reauthentication() { # INITIATOR WHO-WANTS-IT
    local before forgiven=0
    tunnel_prepare
    STRONGSWAN_SETTINGS+=$'\n  make_before_break = yes'
    PEER_CONNECTION_KEYS[$2]=$'    reauth_time = 4s\n    over_time = 60s\n    rand_time = 0s'
    tunnel_up "$1"
    before=$(peer_ike_spis ours)
    pings_begin ours theirs
    wait_until 12 replaced "$before" || die "the IKE SA was not replaced: $before"
    sleep 2
    [[ ${PEER_KIND[$1]} == iked ]] || forgiven=1
    pings_end "$forgiven"
    if [[ ${PEER_KIND[ours]} == iked ]]; then
        [[ $(iked_drops ours) == 0 ]] || die "ours has dropped $(iked_drops ours) packets"
    fi
    wait_until 10 peers_agree ours theirs || peers_assert_agree ours theirs
    ping_both_ways ours theirs
    # A strongSwan that ends while the answer to IKE_AUTH is under way leaves an SA behind at the other end: right after a
    # replacement none is.
    before=$(peer_ike_spis ours)
    wait_until 12 replaced "$before" || die "the IKE SA was not replaced again: $before"
    stop_both ours
}

replaced() { # OLD-SPIS
    local now
    now=$(peer_ike_spis ours)
    [[ -n $now && $now != "$1" && $(wc -l <<<"$now") == 1 ]]
}

# A peer that lost everything and does not say so comes back: what ours had of it goes, after the time that a peer gets
# that only authenticates again.
case_unique() { # replace|keep
    tunnel_prepare
    PEER_CONNECTION_KEYS[ours]="    unique = $1"
    PEER_CONNECTION_KEYS[theirs]='    unique = never'
    tunnel_up theirs
    peer_kill theirs
    peer_start_again theirs
    peer_up theirs
    wait_until 30 one_of_each || die "ours keeps more than one SA of each kind: $(peer_ike_spis ours)"
    ping_both_ways ours theirs
    stop_both ours
}

# Somebody ends the negotiation while the answer to IKE_AUTH does not come through: what the peer has by then is deleted with it as soon
# as one does.
case_withdrawn() {
    local up down
    [[ $OURS == iked ]] || case_skip "strongSwan forgets at once what it gives up"
    tunnel_prepare
    start_both
    drop_answers_to_auth ours
    peer_initiate ours &
    up=$!
    wait_until 8 peer_has_ike_sa theirs || die "theirs does not accept ours ($(peer_log theirs))"
    peer_terminate ours ike &
    down=$!
    wait_until 8 grep -q 'the peer may let us in yet' "$(peer_log ours)" || die "ours does not wait ($(peer_log ours))"
    in_host ours nft delete table ip silence
    wait "$down" || die "the negotiation is not ended ($(peer_directory ours)/terminate.log)"
    ! wait "$up" || die "the connection came up all the same ($(peer_directory ours)/initiate.log)"
    our_log_says 'the peer has let us in, but nobody wants it'
    peers_assert_no_sa ours theirs
    peer_up ours
    ping_both_ways ours theirs
    stop_both ours
}

# The exchange type stands 18 octets into an IKE message, which the non-ESP marker comes in front of.
drop_answers_to_auth() { # HOST
    in_host "$1" nft --file - <<'NFT'
table ip silence {
    chain input {
        type filter hook input priority 0;
        udp sport 4500 @th,64,32 0 @th,240,8 35 counter drop
    }
}
NFT
}

peer_has_ike_sa() { # HOST
    [[ -n $(peer_ike_spis "$1") ]]
}

for who in ours theirs; do
    case_add "$who-delete-ike" case_delete "$who" ike
    case_add "$who-delete-child" case_delete "$who" child
    case_add "$who-liveness" case_liveness "$who"
    case_add "$who-second-child" case_second_child "$who"
done
case_add ours-withdrawn case_withdrawn
case_add both-initiate case_both_initiate
case_add ours-reauthentication case_reauthentication ours ours
case_add theirs-reauthentication case_reauthentication theirs theirs
case_add ours-reauthentication-as-asked case_reauthentication ours theirs
for policy in replace keep; do
    case_add "unique-$policy" case_unique "$policy"
done

cases_quick theirs-delete-child ours-delete-ike
