# Interop cases: ends that change their address, cables that die, NATs that forget. Sourced by scripts/interop.
#
# The IKE SA stays what it was in all of them, and so do the CHILD SAs where both ends are ours. strongSwan's user-space ESP
# cannot move a CHILD SA: it is rekeyed instead.

# Two hosts with two cables between them.
topology_two_cables() { # A B
    local host number=1
    topology_direct "$1" "$2"
    ip link add spare mtu "$LINK_MTU" netns "$(namespace_of "$1")" type veth \
        peer name spare mtu "$LINK_MTU" netns "$(namespace_of "$2")"
    for host in "$1" "$2"; do
        ip -n "$(namespace_of "$host")" link set spare up
        host_address "$host" spare "10.98.0.$number/24"
        number=$((number + 1))
    done
}

# The SPIs of everything that stands, to compare with later.
moving_spis() { # HOST ike|all
    peer_ike_spis "$1"
    [[ $2 == ike ]] || peer_child_spis "$1"
}

moving_assert_same() { # HOST ike|all SPIS-BEFORE
    local now
    now=$(moving_spis "$1" "$2")
    [[ $now == "$3" ]] || die "the SAs of $1 are not those from before the move: $now instead of $3"
}

# What a host says the outer address of its peer is now.
moving_remote() { # HOST
    peer_list_raw "$1" | grep -oE 'remote-host=[^ ]* remote-port=[0-9]*' | sort -u
}

moving_remote_is() { # HOST ADDRESS
    [[ $(moving_remote "$1") == *"remote-host=$2 "* ]]
}

# The cable in use dies while a ping runs: pulled out, so that both hosts notice, or silent, so that only unanswered
# requests tell. Everything goes on over the other one.
case_cable_dies() { # pulled|silent
    local before
    topology_two_cables ours theirs
    peer_defaults ours theirs
    kinds strongswan
    PEER_LOCAL[ours]="10.99.0.1, 10.98.0.1" PEER_REMOTE[ours]="10.99.0.2, 10.98.0.2"
    PEER_LOCAL[theirs]=${PEER_REMOTE[ours]} PEER_REMOTE[theirs]=${PEER_LOCAL[ours]}
    PEER_CONNECTION_KEYS[ours]='    dpd_delay = 1s'
    start_both
    peer_up ours
    peers_assert_agree ours theirs
    before=$(moving_spis ours all)
    pings_begin ours theirs
    if [[ $1 == pulled ]]; then
        ip -n "$(namespace_of ours)" link set to-theirs down
    else
        moving_silence ours to-theirs
        moving_silence theirs to-ours
    fi
    wait_until 30 moving_remote_is theirs 10.98.0.1 || die "theirs did not follow: $(moving_remote theirs)"
    moving_remote_is ours 10.98.0.2 || die "ours did not move: $(moving_remote ours)"
    pings_go_on
    process_stop "$PINGS"
    note "$(pings_highest) pings, $(pings_answered | wc -l) answered"
    moving_assert_same ours all "$before"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    ip -n "$(namespace_of ours)" link set to-theirs up
    stop_both ours
}

# Nothing that comes over a cable arrives any more.
moving_silence() { # HOST DEVICE
    in_host "$1" nft --file - <<NFT
table inet silence {
    chain arriving {
        type filter hook prerouting priority -450;
        iifname "$2" counter drop
    }
}
NFT
}

# The initiator gets another address, as on another network.
case_address_changes() { # INITIATOR ike|all: what stays
    local mover=$1 other before
    topology_direct "$mover" "$([[ $mover == ours ]] && echo theirs || echo ours)"
    other=${OTHER[$mover]}
    peer_defaults ours theirs
    tunnel_transport udp
    STRONGSWAN_MOBIKE=yes
    PEER_LOCAL[$mover]=%any PEER_REMOTE[$other]=%any
    in_host "$mover" sysctl --quiet --write net.ipv4.conf.all.promote_secondaries=1
    start_both
    peer_up "$mover"
    peers_assert_agree ours theirs
    before=$(moving_spis ours "$2")
    host_address "$mover" "to-$other" 10.99.0.11/24
    ip -n "$(namespace_of "$mover")" address delete 10.99.0.1/24 dev "to-$other"
    wait_until 30 moving_remote_is "$other" 10.99.0.11 || die "$other did not follow: $(moving_remote "$other")"
    wait_until 30 passes_again "$mover" || die "no traffic after the move"
    moving_assert_same ours "$2" "$before"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    host_address "$mover" "to-$other" 10.99.0.1/24
    ip -n "$(namespace_of "$mover")" address delete 10.99.0.11/24 dev "to-$other"
    wait_until 30 moving_remote_is "$other" 10.99.0.1 || die "$other did not follow back: $(moving_remote "$other")"
    wait_until 30 passes_again "$mover" || die "no traffic after the move back"
    stop_both ours
}

# The NAT forgets a quiet peer after a moment and gives it another port with the next packet, which is followed at once.
case_nat_forgets() {
    local before remote
    topology_behind_nat theirs ours
    peer_defaults ours theirs
    kinds strongswan
    PEER_REMOTE[ours]=%any
    in_host router sysctl --quiet --write net.netfilter.nf_conntrack_udp_timeout=2 \
        net.netfilter.nf_conntrack_udp_timeout_stream=2
    start_both
    peer_up theirs
    peers_assert_agree ours theirs
    before=$(moving_spis ours all)
    remote=$(moving_remote ours)
    sleep 6
    # The answer to the very packet that shows the new mapping may leave before it is followed; the next ones keep the
    # mapping, which a single ping now and then would not.
    process_start "$WORK/steady.log" ip netns exec "$(namespace_of theirs)" \
        ping -n -q -i 0.3 -I "${INNER4[theirs]}" "${INNER4[ours]}"
    wait_until 20 passes_again theirs || die "no traffic through the NAT's new mapping"
    process_stop "$STARTED"
    [[ $(moving_remote ours) != "$remote" ]] || die "the NAT has kept its mapping: $remote"
    note "$remote, then $(moving_remote ours)"
    moving_assert_same ours all "$before"
    stop_both theirs
}

case_add two-cable-pulled two_of_ours case_cable_dies pulled
case_add two-cable-silent two_of_ours case_cable_dies silent
case_add two-address-changes two_of_ours case_address_changes ours all
case_add two-nat-forgets two_of_ours case_nat_forgets
for initiator in ours theirs; do
    case_add "$initiator-address-changes" case_address_changes "$initiator" ike
done
case_add theirs-nat-forgets case_nat_forgets
