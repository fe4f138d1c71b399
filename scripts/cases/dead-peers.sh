# Interop cases: peers that vanish, and cables that are pulled. Sourced by scripts/interop.
#
# Both daemons send a request again after 1, 1.4, 2 and 2.7 seconds, and take the peer for dead 3.8 seconds later: 11 in
# all. With a liveness check each second that makes 12 seconds until a vanished peer is noticed.

NOTICED=12
SLACK=18 # for machines with other things to do

# A peer that vanishes without a word is noticed by the one that asks.
case_dead_peer() { # WHO-ASKS
    tunnel_prepare
    PEER_CONNECTION_KEYS[$1]='    dpd_delay = 1s'
    tunnel_up ours
    peer_kill "${OTHER[$1]}"
    wait_until $((NOTICED + SLACK)) peer_has_no_sa "$1" || die "$1 still has an SA $((NOTICED + SLACK)) s after its peer vanished"
    peer_stop "$1"
}

# An end that was killed comes back and asks anew: the other must use the new SA, whatever it still has of the old one.
case_restart() { # WHO-RESTARTS
    tunnel_prepare
    tunnel_up "$1"
    ping_both_ways ours theirs
    peer_kill "$1"
    peer_start_again "$1"
    peer_up "$1"
    ping_both_ways ours theirs
    note "${OTHER[$1]} has $(peer_ike_spis "${OTHER[$1]}" | wc -l) IKE SAs afterwards"
    peer_stop "$1"
    peer_stop "${OTHER[$1]}"
}

# One end is to keep the tunnel up, come what may.
keep_up() { # HOST
    PEER_CONNECTION_KEYS[$1]=$'    dpd_delay = 1s\n    keyingtries = 0'
    PEER_CHILD_KEYS[$1]='        dpd_action = restart'
}

passes_again() { # FROM
    ping_through "$1" "${OTHER[$1]}" 4 1
}

# The peer is killed and, soon or late, started again; it does not ask by itself. Who keeps the tunnel up notices and
# negotiates anew: soon, once it takes the peer for dead; late, when its next attempt finds the peer alive.
case_dpd_restart() { # WHO-KEEPS-IT-UP soon|late
    local peer began
    tunnel_prepare
    peer=${OTHER[$1]}
    keep_up "$1"
    tunnel_up "$1"
    ping_both_ways ours theirs
    peer_kill "$peer"
    if [[ $2 == late ]]; then
        wait_until $((NOTICED + SLACK)) peer_has_no_sa "$1" || die "$1 does not notice that its peer vanished"
    fi
    # The network comes last: a strongSwan that has no configuration yet refuses everybody.
    cable_unplug "$peer" "to-$1"
    peer_start_again "$peer"
    cable_plug "$peer" "to-$1"
    began=$SECONDS
    wait_until $((NOTICED + SLACK)) passes_again "$1" || die "no traffic $((NOTICED + SLACK)) s after $peer came back"
    note "traffic $((SECONDS - began)) s after $peer came back"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both "$1"
}

# The cable is pulled and put back, before the peer counts as dead or after. Before, nothing but time is lost: the SAs stay.
case_unplugged() { # WHO-KEEPS-IT-UP short|long
    local peer began before
    tunnel_prepare
    peer=${OTHER[$1]}
    keep_up "$1"
    tunnel_up "$1"
    before=$(peer_ike_spis "$1")
    ping_both_ways ours theirs
    cable_unplug "$peer" "to-$1"
    if [[ $2 == short ]]; then
        sleep 3
    else
        wait_until $((NOTICED + SLACK)) peer_has_no_sa "$1" || die "$1 does not notice that its cable is unplugged"
    fi
    cable_plug "$peer" "to-$1"
    began=$SECONDS
    wait_until $((NOTICED + SLACK)) passes_again "$1" || die "no traffic $((NOTICED + SLACK)) s after the cable is back"
    note "traffic $((SECONDS - began)) s after the cable is back"
    peers_assert_agree ours theirs
    [[ $2 == long || $(peer_ike_spis "$1") == "$before" ]] || die "three seconds without the cable cost the IKE SA"
    ping_both_ways ours theirs
    stop_both "$1"
}

for who in ours theirs; do
    case_add "$who-dead-peer" case_dead_peer "$who"
    case_add "$who-restart" case_restart "$who"
    case_add "$who-dpd-restart-soon" case_dpd_restart "$who" soon
    case_add "$who-dpd-restart-late" case_dpd_restart "$who" late
    case_add "$who-unplugged-short" case_unplugged "$who" short
    case_add "$who-unplugged-long" case_unplugged "$who" long
done
case_add two-restart two_of_ours case_restart ours
case_add two-dpd-restart-soon two_of_ours case_dpd_restart ours soon
case_add two-dpd-restart-late two_of_ours case_dpd_restart ours late
case_add two-unplugged-short two_of_ours case_unplugged ours short
case_add two-unplugged-long two_of_ours case_unplugged ours long

cases_quick ours-dpd-restart-soon
