# Cases of scripts/failures: datagrams that nobody should send. They are counted and dropped; the tunnel and the memory
# of the daemon stay as they are. Sourced.

DATAGRAM_GROWTH_LIMIT=8192 # KiB of resident memory: caches and counters may grow a little, not with every datagram

resident_memory() { # HOST -> KiB
    awk '/^VmRSS:/ {print $2}' "/proc/${PEER_PID[$1]}/status"
}

bad_datagrams() { # HOST-THAT-SENDS ARGUMENT-OF-datagrams.py...
    local host=$1
    shift
    bounded 120 ip netns exec "$(namespace_of "$host")" python3 "$ROOT/scripts/lib/datagrams.py" "$@" \
        >"$WORK/sent.log" 2>&1 || {
        show_file "$WORK/sent.log" 8
        die "the datagrams could not be sent ($WORK/sent.log)"
    }
    note "$1: $(tail -n 1 "$WORK/sent.log") packets"
}

# A tunnel from left to right whose beginning and pings are captured at left.
bad_datagrams_prepare() { # raw|udp
    topology_direct left right
    PEER_KIND[left]=${DATAGRAM_KIND:-iked} PEER_KIND[right]=${DATAGRAM_KIND:-iked}
    peer_defaults left right
    [[ $1 == raw ]] || PEER_ENCAP[left]=yes
    peer_start left
    peer_start right
    capture_start left to-right "$WORK/cable.pcap" 'udp port 500 or udp port 4500 or ip proto 50'
    peer_up right
    ping_both_ways left right
    capture_stop
    SPIS_BEFORE=$(peer_ike_spis left; peer_child_spis left)
    MEMORY_BEFORE=$(resident_memory left)
}

# Nothing happened: the same SAs, the same memory, and packets still pass.
bad_datagrams_had_no_effect() {
    local growth spis
    process_alive "${PEER_PID[left]}" || die "the daemon of left is gone ($(peer_log left))"
    spis=$(peer_ike_spis left; peer_child_spis left)
    [[ $spis == "$SPIS_BEFORE" ]] || die "the SAs were [$SPIS_BEFORE] and are [$spis]"
    peers_assert_agree left right
    ping_both_ways left right
    growth=$(($(resident_memory left) - MEMORY_BEFORE))
    note "memory grew by $growth KiB"
    ((growth <= DATAGRAM_GROWTH_LIMIT)) || die "the daemon of left grew by $growth KiB"
    peer_stop left
    peer_stop right
}

# What the daemon counted: `stats` has a counter for each reason.
assert_counted_drops() { # HOST AT-LEAST
    local dropped
    [[ ${PEER_KIND[$1]} == iked ]] || return 0
    dropped=$(timeout 20 swanctl --stats --raw --uri "unix://$(iked_socket "$1")" |
        sed -n 's/.*dropped {\([^}]*\)}.*/\1/p' | grep -oE '=[0-9]+' | tr -d = | awk '{sum += $1} END {print sum + 0}')
    ((dropped >= $2)) || die "the daemon of $1 counted $dropped dropped datagrams, not $2 or more"
    note "$dropped drops counted"
}

case_garbage() { # raw|udp
    bad_datagrams_prepare "$1"
    bad_datagrams right garbage 10.99.0.1 --count 20000
    assert_counted_drops left 1000
    bad_datagrams_had_no_effect
}

case_bad_copies() { # truncated|altered|replayed raw|udp
    bad_datagrams_prepare "$2"
    bad_datagrams right "$1" 10.99.0.1 "$WORK/cable.pcap"
    bad_datagrams_had_no_effect
}

# A thousand first messages from addresses that do not exist: half-open SAs are bounded and pass away.
case_garbage_before_tunnel() {
    topology_direct left right
    PEER_KIND[left]=${DATAGRAM_KIND:-iked} PEER_KIND[right]=${DATAGRAM_KIND:-iked}
    peer_defaults left right
    peer_start left
    peer_start right
    bad_datagrams right garbage 10.99.0.1 --count 5000 --seed 2
    peer_up right
    peers_assert_agree left right
    ping_both_ways left right
    peer_stop left
    peer_stop right
}

for transport in raw udp; do
    case_add "garbage-$transport" case_garbage "$transport"
    for change in truncated altered replayed; do
        case_add "$change-$transport" case_bad_copies "$change" "$transport"
    done
done
case_add garbage-before-tunnel case_garbage_before_tunnel

cases_quick garbage-raw replayed-udp
