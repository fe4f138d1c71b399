# Interop cases: tunnels that packets bring up (start_action, dpd_action and close_action = trap). Sourced by scripts/interop.

# The peers of these cases need no traps; strongSwan's user-space ESP has none.
trap_prepare() {
    [[ $OURS == iked ]] || case_skip "needs iked at our end"
    tunnel_prepare
}

trap_from_start() {
    trap_prepare
    PEER_CHILD_KEYS[ours]='        start_action = trap'
}

# A burst of five pings, of which the first one brings the tunnel up: none may be lost.
trap_sprung() { # WHAT-HAPPENED
    ping_through ours theirs 4 5 || die "$1: not every ping of the burst was answered ($WORK/ping.log)"
    peers_assert_agree ours theirs
}

# The inner network of the other end is led into the tunnel, whether there is an SA or not.
trap_holds_route() {
    [[ $(in_host ours ip route get "$(inner_address theirs 4)") == *" dev iked0 "* ]]
}

case_trap() {
    trap_from_start
    start_both
    peer_has_no_sa ours || die "a trap negotiates before there is a packet"
    trap_holds_route || die "the trapped policy has no route"
    trap_sprung "start_action = trap"
    ping_both_ways ours theirs
    # The SA goes, the trap stays.
    peer_terminate ours ike || die "ours cannot end the SA"
    peers_assert_no_sa ours theirs
    trap_sprung "the SA was ended by a command"
    [[ $(peer_child_spis ours | wc -l) == 1 ]] || die "the packets brought up more than one CHILD SA"
    stop_both ours
}

case_trap_at_both_ends() {
    trap_from_start
    PEER_CHILD_KEYS[theirs]='        start_action = trap'
    start_both
    trap_sprung "both ends trapped"
    peer_terminate theirs child || die "theirs cannot end the CHILD SA"
    wait_until 5 no_child_anywhere || die "a CHILD SA is left after its delete"
    ping_through theirs ours 4 5 || die "not every ping of the other end's burst was answered ($WORK/ping.log)"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both ours
}

# While nobody answers, packets are held and then dropped, and none goes out in the clear.
case_trap_without_peer() {
    trap_from_start
    peer_start ours
    capture_start ours to-theirs "$WORK/wire.pcap"
    ! ping_through ours theirs 4 3 || die "pings are answered though nobody is there"
    capture_stop
    (($(capture_count "$WORK/wire.pcap" "net ${NETWORK4[theirs]}") == 0)) || die "packets went out in the clear ($WORK/wire.pcap)"
    (($(capture_count "$WORK/wire.pcap" 'udp port 500') > 0)) || die "the packets began no negotiation ($WORK/wire.pcap)"
    wait_until 40 grep -q 'what waited for it is dropped' "$(peer_log ours)" || die "the failure is not told ($(peer_log ours))"
    trap_holds_route || die "the route went with the failure"
    peer_start theirs
    sleep 2 # the pause after a failure
    trap_sprung "the peer came late"
    stop_both ours
}

case_trap_after_dead_peer() {
    trap_prepare
    PEER_CONNECTION_KEYS[ours]='    dpd_delay = 1s'
    PEER_CHILD_KEYS[ours]='        dpd_action = trap'
    tunnel_up ours
    peer_kill theirs
    wait_until 40 peer_has_no_sa ours || die "ours still has an SA 40 s after its peer vanished"
    trap_holds_route || die "the policy of the dead peer is not trapped"
    peer_start_again theirs
    trap_sprung "dpd_action = trap"
    stop_both ours
}

case_trap_after_close() { # ike|child
    trap_prepare
    PEER_CHILD_KEYS[ours]='        close_action = trap'
    tunnel_up ours
    peer_terminate theirs "$1" || die "theirs cannot end the $1 SA"
    wait_until 5 no_child_anywhere || die "a CHILD SA is left after its delete"
    trap_holds_route || die "the closed policy is not trapped"
    trap_sprung "close_action = trap"
    stop_both ours
}

case_swanctl_traps() {
    trap_prepare
    start_both
    [[ -z $(swanctl_ours --list-pols) ]] || die "there is a policy before any was installed"
    swanctl_says --install --child net -- 'install completed successfully'
    swanctl_says --list-pols -- '^site/net, TUNNEL' 'local: +10\.1\.0\.0/24' 'remote: +10\.2\.0\.0/24'
    trap_sprung "swanctl --install"
    peer_terminate ours ike || die "ours cannot end the SA"
    swanctl_says --uninstall --child net -- 'uninstall completed successfully'
    [[ -z $(swanctl_ours --list-pols) ]] || die "the trap is left after swanctl --uninstall"
    ! ping_through ours theirs 4 1 || die "packets still pass after swanctl --uninstall"
    trap_follows_configuration
    stop_both ours
}

# What is read again sets traps and removes them.
trap_follows_configuration() {
    PEER_CHILD_KEYS[ours]='        start_action = trap'
    iked_write_configuration ours
    iked_control ours reload >"$WORK/reload.log" || die "ikectl reload ended with $?"
    swanctl_says --list-pols --trap -- '^site/net, TUNNEL'
    iked_control ours status | grep -q 'net .*trapped' || die "ikectl status does not show the trap"
    PEER_CHILD_KEYS[ours]=
    iked_write_configuration ours
    iked_control ours reload >>"$WORK/reload.log" || die "ikectl reload ended with $?"
    [[ -z $(swanctl_ours --list-pols) ]] || die "the trap outlived its configuration"
    ! trap_holds_route || die "the route outlived its trap"
}

case_add trap case_trap
case_add trap-at-both-ends two_of_ours case_trap_at_both_ends
case_add trap-without-peer case_trap_without_peer
case_add trap-after-dead-peer case_trap_after_dead_peer
case_add trap-after-close-ike case_trap_after_close ike
case_add trap-after-close-child case_trap_after_close child
case_add vici-swanctl-traps case_swanctl_traps

cases_quick trap
