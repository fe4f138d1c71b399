# Interop cases: paths that lose messages, or are narrower than they seem. Sourced by scripts/interop.

# Every second IKE message that reaches a host is lost, in either direction: retransmission brings all of it through.
# (Counted, not drawn: the case takes the same course each time.)
drop_every_second_ike_message() { # HOST
    in_host "$1" nft --file - <<'NFT'
table ip loss {
    chain input {
        type filter hook input priority 0;
        udp dport 500 numgen inc mod 2 0 counter drop
        udp dport 4500 @th,64,32 0 numgen inc mod 2 0 counter drop
    }
}
NFT
}

case_lossy() { # INITIATOR
    tunnel_prepare
    start_both
    drop_every_second_ike_message ours
    drop_every_second_ike_message theirs
    peer_up "$1"
    peers_assert_agree ours theirs
    [[ $(peer_ike_spis ours | wc -l) == 1 ]] || die "retransmissions made more than one IKE SA: $(peer_ike_spis ours)"
    ping_both_ways ours theirs
    peer_terminate "$1" ike || die "the delete did not come through ($(peer_directory "$1")/terminate.log)"
    peers_assert_no_sa ours theirs
    stop_both ours
}

# A cable with a small MTU: the device's MTU follows, and what the hosts send fits.
case_small_cable() { # OUTER
    LINK_MTU=1280
    topology_direct ours theirs
    peer_defaults ours theirs "$1"
    tunnel_transport udp
    start_both
    peer_up ours
    peers_assert_agree ours theirs
    large_packets 4
    carry_traffic udp
    no_fragments "$WORK/wire.pcap"
    stop_both ours
}

# A router on the way has a smaller MTU than the host's own cable: only its ICMP messages tell.
case_narrow_path() {
    topology_routed ours theirs 1300
    peer_defaults ours theirs
    tunnel_transport udp
    start_both
    peer_up ours
    peers_assert_agree ours theirs
    # The first large packets are lost: they are what the router complains about.
    ping_through ours theirs 4 3 -s 1372 || true
    ping_through theirs ours 4 3 -s 1372 || true
    large_packets 4
    tcp_through ours theirs 2
    note "$THROUGHPUT Mbit/s there"
    tcp_through theirs ours 2
    stop_both ours
}

# A host behind ours, whose own cable takes 1500 octets.
host_behind_ours() {
    host_add client
    host_link client ours
    host_address client to-ours 10.1.0.2/24 fd01::2/64
    host_address ours to-client 10.1.0.254/24 fd01::fe/64
    host_route client default 10.1.0.254
    ip -n "$(namespace_of client)" route add default via fd01::fe
    in_host ours sysctl --quiet --write net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    INNER4[client]=10.1.0.2 INNER6[client]=fd01::2
}

# The router says nothing of the packets that are too large for its second cable.
swallow_path_errors() {
    in_host router nft --file - <<'NFT'
table inet silence {
    chain output {
        type filter hook output priority 0;
        icmp type destination-unreachable counter drop
        icmpv6 type packet-too-big counter drop
    }
}
NFT
}

# A router on the way has a smaller MTU, and its ICMP errors arrive or are swallowed, too, which is called a black hole. A
# host behind ours, which knows nothing of all that, sends a megabyte at once when the tunnel comes up.
case_path_mtu() { # MTU told|silent 4|6
    local size
    [[ $OURS == iked ]] || case_skip "strongSwan's device has a fixed MTU"
    topology_routed ours theirs "$1"
    peer_defaults ours theirs 4 "$3"
    tunnel_transport udp
    host_behind_ours
    IKED_SETTINGS+=$'\n  probe_path_mtu = yes'
    [[ $2 == told ]] || swallow_path_errors
    start_both
    peer_up ours
    peers_assert_agree ours theirs
    megabyte_through client theirs "$3"
    note "a megabyte took $TRANSFER_TIME s"
    awk -v seconds="$TRANSFER_TIME" 'BEGIN {exit seconds > 10}' || die "a megabyte took $TRANSFER_TIME s"
    # The search goes on for some seconds, upwards.
    wait_until 30 path_mtu_is "$1" || die "ours does not find what the path takes: $(iked_control ours status --verbose)"
    # What does not fit any more is refused with the right number, and what fits arrives. The client may have been told a
    # smaller number while the search went on, which it believes for minutes.
    ip -n "$(namespace_of client)" "-$3" route flush cache
    size=$(iked_control ours status --json | jq '.connections[].ike_sas[].child_sas[].mtu')
    large_ping "$3" $((size + 1)) || true
    large_ping "$3" $((size + 1)) && die "a packet of $((size + 1)) octets got through ($WORK/ping.log)"
    grep -qE "mtu[ =:]+$size" "$WORK/large-ping.log" || die "client is not told that $size octets pass ($WORK/large-ping.log)"
    large_ping "$3" "$size" || die "a packet of $size octets does not pass ($WORK/large-ping.log)"
    stop_both ours
}

path_mtu_is() { # OCTETS
    [[ $(iked_control ours status --json | jq '.connections[].ike_sas[].child_sas[].path_mtu') == "$1" ]]
}

# Pings of so many octets in one piece.
large_ping() { # 4|6 OCTETS
    local header=28
    [[ $1 == 4 ]] || header=48
    timeout 15 ip netns exec "$(namespace_of client)" ping -n -"$1" -c 2 -i 0.2 -W 1 -M "do" -s $(($2 - header)) \
        "$(inner_address theirs "$1")" >"$WORK/large-ping.log" 2>&1
}

# A policy for all addresses takes in the peer's own, and the kernel drops what would not be answered the way it came in: our
# rules let IKE and ESP through all the same, and nothing else.
case_strict_filter() { # raw|udp trap|start
    [[ $OURS == iked ]] || case_skip "strongSwan leaves that to the administrator"
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport "$1"
    PEER_REMOTE_TS[ours]=0.0.0.0/0
    PEER_LOCAL_TS[theirs]=0.0.0.0/0
    PEER_CHILD_KEYS[ours]="        start_action = $2"
    in_host ours sysctl --quiet --write net.ipv4.conf.all.rp_filter=1
    start_both
    ping_through ours theirs 4 5 || [[ $2 == start ]] || die "not every ping of the burst was answered ($WORK/ping.log)"
    peers_assert_agree ours theirs
    carry_traffic "$1"
    [[ $(in_host ours ip route get "${OUTER4[theirs]}") == *" dev iked0 "* ]] ||
        die "what is for the peer's own address does not go through the tunnel"
    peer_rekey ours ike || die "ours cannot rekey the IKE SA"
    peers_assert_agree ours theirs
    stop_both ours
}

# The peer is known by its name, which means nothing at first, and then nobody's address: as soon as it means the right one, the
# tunnel is there.
case_host_name() {
    [[ $OURS == iked ]] || case_skip "needs iked at our end"
    tunnel_prepare
    PEER_REMOTE[ours]=theirs.test
    PEER_CONNECTION_KEYS[ours]='    keyingtries = 0'
    PEER_CHILD_KEYS[ours]='        start_action = start'
    echo "127.0.0.1 localhost" >"$WORK/hosts"
    peer_start theirs
    mkdir -p "$(peer_directory ours)"
    host_remember ours
    iked_write_configuration ours
    # shellcheck disable=SC2016 # for the shell in the namespace
    iked_launch ours sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$WORK/hosts"
    iked_await ours
    wait_until 10 grep -q 'could not look up theirs.test' "$(peer_log ours)" || die "the name means something ($(peer_log ours))"
    echo "10.99.0.77 theirs.test" >"$WORK/hosts" # the same file, which is bound there
    wait_until 20 grep -q 'initiating IKE SA to 10.99.0.77' "$(peer_log ours)" ||
        die "the name is not looked up again ($(peer_log ours))"
    echo "${OUTER4[theirs]} theirs.test" >"$WORK/hosts"
    wait_until 30 peers_agree ours theirs || die "the tunnel does not follow the name ($(peer_log ours))"
    ping_both_ways ours theirs
    stop_both ours
}

# What iked sends is never a fragment; strongSwan's device has a fixed MTU of 1400, so its packets are.
no_fragments() { # CAPTURE
    local fragments
    [[ ${PEER_KIND[ours]} == iked ]] || return 0
    fragments=$(capture_count "$1" "src host ${PEER_LOCAL[ours]} and (ip[6:2] & 0x3fff != 0 or ip6 proto 44)")
    ((fragments == 0)) || die "iked sent $fragments fragments ($1)"
}

for who in ours theirs; do
    case_add "$who-lossy" case_lossy "$who"
done
case_add small-cable-ipv4 case_small_cable 4
case_add small-cable-ipv6 case_small_cable 6
case_add narrow-path case_narrow_path
for errors in told silent; do
    case_add "path-$errors-1280" case_path_mtu 1280 "$errors" 4
    case_add "path-$errors-1400" case_path_mtu 1400 "$errors" 4
    case_add "path-$errors-1400-inner6" case_path_mtu 1400 "$errors" 6
done
case_add two-path-silent two_of_ours case_path_mtu 1400 silent 4
case_add host-name case_host_name
case_add strict-filter-udp case_strict_filter udp start
case_add strict-filter-raw case_strict_filter raw start
case_add strict-filter-trap case_strict_filter udp trap
