# Measuring a tunnel between the hosts left and right. Sourced; needs processes.sh and network.sh.
#
# Each function leaves one line of JSON in the file of a peer: `{"test": ..., ...}`.

BENCH_SECONDS=5
BENCH_FAMILY=4          # of the traffic within: 4 or 6
declare -A BENCH_PID=() # of the daemon at either host

# Processor time that a process has had, in hundredths of a second.
processor_time() { # PID
    local stat
    stat=$(<"/proc/$1/stat")
    stat=${stat##*) }
    # shellcheck disable=SC2086 # words on purpose
    set -- $stat
    echo $((${12} + ${13}))
}

# Gbit/s of TCP from left to right, and what that costs each daemon in seconds of processor time for a gigabyte.
bench_tcp() { # TEST FILE [IPERF3-OPTION...]
    local test=$1 file=$2 left right
    shift 2
    left=$(processor_time "${BENCH_PID[left]}")
    right=$(processor_time "${BENCH_PID[right]}")
    tcp_through left right "$BENCH_SECONDS" "$BENCH_FAMILY" "$@"
    left=$(($(processor_time "${BENCH_PID[left]}") - left))
    right=$(($(processor_time "${BENCH_PID[right]}") - right))
    jq -c --arg test "$test" --argjson left "$left" --argjson right "$right" \
        '.end.sum_received | {test: $test, gbps: (.bits_per_second / 1e9),
            left: ($left / 100 / (.bytes / 1e9)), right: ($right / 100 / (.bytes / 1e9))}' \
        "$WORK/iperf3-left-right.json" >>"$file"
}

# Round trip times in milliseconds of many pings.
bench_ping() { # TEST FILE COUNT INTERVAL
    timeout 60 ip netns exec "$(namespace_of left)" ping -n -c "$3" -i "$4" \
        -I "$(inner_address left "$BENCH_FAMILY")" "$(inner_address right "$BENCH_FAMILY")" \
        >"$WORK/bench-ping.log" 2>&1 || true
    sed -n 's/.* time=\([0-9.]*\) ms$/\1/p' "$WORK/bench-ping.log" |
        jq -cs --arg test "$1" 'sort | {test: $test, p50: .[length / 2 | floor], p99: .[length * 99 / 100 | floor]}' >>"$2"
}

# The same while a TCP stream fills the tunnel.
bench_ping_loaded() { # FILE
    local server client
    iperf3_serve right "$BENCH_FAMILY" "$WORK/iperf3-server.log"
    server=$STARTED
    process_start "$WORK/iperf3-client.log" ip netns exec "$(namespace_of left)" \
        iperf3 --client "$(inner_address right "$BENCH_FAMILY")" --bind "$(inner_address left "$BENCH_FAMILY")" --time 60
    client=$STARTED
    sleep 1
    bench_ping ping-loaded "$1" 600 0.005
    process_stop "$client"
    process_stop "$server"
}

# Datagrams of 64 octets in a second of which less than one in a hundred is lost, found by halving.
bench_small() { # FILE STEPS
    local low=0 high=400000 rate got step
    for ((step = 0; step < $2; step++)); do
        rate=$(((low + high) / 2))
        got=$(udp_rate "$rate")
        if ((got > 0)); then low=$rate; else high=$rate; fi
    done
    printf '{"test":"small","pps":%d}\n' "$low" >>"$1"
}

# The packets in a second that arrived of those sent at a rate; 0 when a hundredth was lost, or the sender was too slow.
udp_rate() { # PACKETS-PER-SECOND
    local server report=$WORK/iperf3-udp.json
    iperf3_serve right "$BENCH_FAMILY" "$WORK/iperf3-server.log"
    server=$STARTED
    timeout 20 ip netns exec "$(namespace_of left)" \
        iperf3 --client "$(inner_address right "$BENCH_FAMILY")" --bind "$(inner_address left "$BENCH_FAMILY")" \
        --udp --length 64 --bitrate "$(($1 * 512))" --time 2 --json >"$report" 2>&1 || true
    process_stop "$server"
    jq -r --argjson rate "$1" '.end.sum as $sum
        | if ($sum.packets // 0) / 2 > 0.9 * $rate and $sum.lost_percent < 1 then $sum.packets / 2 | floor else 0 end' \
        "$report" 2>/dev/null || echo 0
}
