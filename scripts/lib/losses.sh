# Traffic through a tunnel of which nothing may be lost, and exact counts of what is. Sourced; needs processes.sh,
# traffic.sh and report.sh.
#
# What is still under way when the traffic ends is not lost: a packet counts as lost when a later one arrived and it did
# not. So nothing here depends on how fast the machine is.

# MARK: - Pings

# Twenty pings a second from one inner address to the other until pings_end; returns when the first are answered.
pings_begin() { # FROM TO [4|6]
    process_start "$WORK/pings.log" ip netns exec "$(namespace_of "$1")" ping -n -i 0.05 \
        -I "$(inner_address "$1" "${3:-4}")" "$(inner_address "$2" "${3:-4}")"
    PINGS=$STARTED
    pings_go_on
}

# Every ping up to the last answered one must be answered, once half a second of later ones is; or all but so many.
pings_end() { # [MAY-BE-LOST]
    local last lost
    last=$(pings_highest)
    pings_go_on
    process_stop "$PINGS"
    lost=$(comm -23 <(seq "$last" | sort) <(pings_answered | sort))
    note "$last pings, $(wc -w <<<"$lost") lost"
    (($(wc -w <<<"$lost") <= ${1:-0})) ||
        die "$(wc -w <<<"$lost") of $last pings were lost: number ${lost//$'\n'/, } ($WORK/pings.log)"
}

pings_answered() {
    sed -n 's/.* bytes from .*icmp_seq=\([0-9]*\) .*/\1/p' "$WORK/pings.log"
}

pings_highest() {
    pings_answered | awk '$1 > highest {highest = $1} END {print highest + 0}'
}

pings_reached() { # NUMBER
    (($(pings_highest) >= $1))
}

# Waits for the answers to ten further pings.
pings_go_on() {
    wait_until 15 pings_reached $(($(pings_highest) + 10)) || die "pings are no longer answered ($WORK/pings.log)"
}

# MARK: - UDP in both directions

declare -A FLOW_SERVER=() FLOW_CLIENT=()
FLOW_LENGTH=500 # octets of a datagram
FLOW_BITRATE=2M # 500 datagrams a second: the receiver's buffer holds more than half a second of them

# For so many seconds each of two hosts sends UDP to the other. Not one datagram is lost. The counts are left in
# FLOW_SENT and FLOW_LOST.
flows_lose_nothing() { # A B SECONDS [4|6] [IPERF3-OPTION...]
    flow_begin "$1" "$2" "$3" "${4:-4}" "${@:5}"
    flow_begin "$2" "$1" "$3" "${4:-4}" "${@:5}"
    FLOW_SENT=0 FLOW_LOST=0
    flow_end "$1" "$2" "$3"
    flow_end "$2" "$1" "$3"
    note "$FLOW_SENT datagrams in $3 s, $FLOW_LOST lost"
    ((FLOW_LOST == 0)) || die "$FLOW_LOST of $FLOW_SENT datagrams were lost ($WORK/flow-*.json)"
}

flow_begin() { # FROM TO SECONDS 4|6 [IPERF3-OPTION...]
    iperf3_serve "$2" "$4" "$WORK/flow-$1-received.json" --json
    FLOW_SERVER[$1]=$STARTED
    process_start "$WORK/flow-$1-sent.json" timeout $(($3 + 60)) ip netns exec "$(namespace_of "$1")" \
        iperf3 --client "$(inner_address "$2" "$4")" --bind "$(inner_address "$1" "$4")" --json --time "$3" \
        --udp --length "$FLOW_LENGTH" --bitrate "$FLOW_BITRATE" --window 200K --connect-timeout 10000 "${@:5}"
    FLOW_CLIENT[$1]=$STARTED
}

flow_end() { # FROM TO SECONDS
    local received=$WORK/flow-$1-received.json sent=$WORK/flow-$1-sent.json packets lost dropped
    process_await "${FLOW_CLIENT[$1]}" $(($3 + 60)) || die "iperf3 from $1 to $2 does not end ($sent)"
    process_reap "${FLOW_CLIENT[$1]}"
    # (With --json it ends with 0 whatever happened.)
    jq --exit-status '.error == null' "$sent" >/dev/null 2>&1 ||
        die "iperf3 from $1 to $2 failed: $(jq -r '.error // "no report"' "$sent" 2>/dev/null) ($sent)"
    process_await "${FLOW_SERVER[$1]}" 15 || die "the iperf3 server of $2 does not end ($received)"
    process_reap "${FLOW_SERVER[$1]}"
    packets=$(jq .end.sum.packets "$received") lost=$(jq .end.sum.lost_packets "$received")
    ((packets > 100 * $3)) || die "only $packets datagrams went from $1 to $2 in $3 s ($received)"
    FLOW_SENT=$((FLOW_SENT + packets)) FLOW_LOST=$((FLOW_LOST + lost))
    ((lost == 0)) || {
        dropped=$(receive_buffer_errors "$2")
        note "$1 to $2: $packets datagrams, $lost lost; sockets of $2 had no room for $dropped of them"
    }
}

# Packets for which a socket of a host had no room: its program was not scheduled in time, the tunnel carried them.
receive_buffer_errors() { # HOST
    in_host "$1" nstat --ignore --zeros --json UdpRcvbufErrors | jq .kernel.UdpRcvbufErrors
}
