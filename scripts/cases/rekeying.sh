# Interop cases: SAs are replaced, and no packet is lost by it. Sourced by scripts/interop.

# Rekeying replaces the SPIs and loses no packet: pings run while it happens.
case_rekey() { # WHO-STARTS ike|child by-command|by-time
    local what=$2 before
    tunnel_prepare
    if [[ $3 == by-time ]]; then rekey_soon "$1" "$what"; fi
    tunnel_up ours
    before=$(rekey_spis "$what")
    pings_begin ours theirs
    if [[ $3 == by-command ]]; then
        peer_rekey "$1" "$what" || die "$1 cannot start the rekeying ($(peer_directory "$1")/rekey.log)"
    fi
    wait_until 30 rekeyed "$what" "$before" || die "the $what SA still has its SPIs: $before"
    pings_end
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both ours
}

rekey_soon() { # HOST ike|child
    if [[ $2 == ike ]]; then
        PEER_CONNECTION_KEYS[$1]=$'    rekey_time = 3s\n    over_time = 60s\n    rand_time = 0s'
    else
        PEER_CHILD_KEYS[$1]=$'        rekey_time = 3s\n        life_time = 60s\n        rand_time = 0s'
    fi
}

rekey_spis() { # ike|child
    if [[ $1 == ike ]]; then peer_ike_spis ours; else peer_child_spis ours; fi
}

# New SPIs, the same at both ends, and nothing of the old SA.
rekeyed() { # ike|child OLD-SPIS
    local now
    now=$(rekey_spis "$1")
    [[ -n $now && $now != "$2" && $(wc -l <<<"$now") == 1 ]] && peers_agree ours theirs
}

# The IKE SA and the CHILD SA live two seconds, and UDP runs in both directions all the while. Where both ends rekey, they
# do so at the same moment, again and again: some of these meet, and one of two new SAs has to go.
case_rekey_under_traffic() { # HOST...
    local host what drops count=()
    tunnel_prepare
    for host in "$@"; do peer_rekeys_at_once "$host"; done
    tunnel_up ours
    flows_lose_nothing ours theirs "$REKEY_SECONDS"
    for what in ike child; do
        count+=("$(peer_rekeyings ours "$what")")
        ((count[-1] >= REKEY_SECONDS / 4)) || die "the $what SA was rekeyed ${count[-1]} times in $REKEY_SECONDS s"
    done
    for host in ours theirs; do
        [[ ${PEER_KIND[$host]} == iked ]] || continue
        drops=$(iked_drops "$host")
        ((drops == 0)) || die "iked of $host dropped $drops packets of the tunnel"
    done
    note "${count[0]} IKE SAs and ${count[1]} CHILD SAs rekeyed, $FLOW_SENT datagrams, $FLOW_LOST lost"
    peers_assert_agree ours theirs
    stop_both ours
}

REKEY_SECONDS=15

for who in ours theirs; do
    case_add "$who-rekey-child" case_rekey "$who" child by-command
    case_add "$who-rekey-ike" case_rekey "$who" ike by-command
    case_add "$who-rekey-child-by-time" case_rekey "$who" child by-time
    case_add "$who-rekey-ike-by-time" case_rekey "$who" ike by-time
    case_add "$who-rekey-under-traffic" case_rekey_under_traffic "$who"
done
case_add both-rekey-under-traffic case_rekey_under_traffic ours theirs
case_add two-rekey-child two_of_ours case_rekey ours child by-command
case_add two-rekey-ike two_of_ours case_rekey theirs ike by-time
case_add two-rekey-under-traffic two_of_ours case_rekey_under_traffic ours
case_add two-both-rekey-under-traffic two_of_ours case_rekey_under_traffic ours theirs

cases_quick theirs-rekey-child both-rekey-under-traffic
