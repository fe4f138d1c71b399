# Traffic through a tunnel and what the wire shows of it. Sourced; needs processes.sh, namespaces.sh and topology.sh.

inner_address() { # HOST 4|6
    if [[ $2 == 6 ]]; then echo "${INNER6[$1]}"; else echo "${INNER4[$1]}"; fi
}

# True when every ping of one inner address to the other is answered.
ping_through() { # FROM TO [4|6] [COUNT] [PING-OPTION...]
    local from=$1 to=$2 family=${3:-4} count=${4:-3} output
    shift $(($# < 4 ? $# : 4))
    output=$(timeout 15 ip netns exec "$(namespace_of "$from")" ping -n -q -"$family" -c "$count" -i 0.2 -W 2 \
        "$@" -I "$(inner_address "$from" "$family")" "$(inner_address "$to" "$family")" 2>&1) || true
    printf '%s\n' "$output" >>"$WORK/ping.log"
    [[ $output == *" $count received"* ]]
}

ping_both_ways() { # A B [4|6] [COUNT]
    ping_through "$1" "$2" "${3:-4}" "${4:-3}" || die "no ping from $1 to $2 through the tunnel ($WORK/ping.log)"
    ping_through "$2" "$1" "${3:-4}" "${4:-3}" || die "no ping from $2 to $1 through the tunnel ($WORK/ping.log)"
}

# TCP from one inner address to the other; leaves Mbit/s in THROUGHPUT and iperf3's report in a file.
tcp_through() { # FROM TO SECONDS [4|6] [IPERF3-OPTION...]
    local from=$1 to=$2 seconds=$3 family=${4:-4} server report
    shift $(($# < 4 ? $# : 4))
    report=$WORK/iperf3-$from-$to.json
    iperf3_serve "$to" "$family" "$WORK/iperf3-server.log"
    server=$STARTED
    bounded $((seconds + 20)) ip netns exec "$(namespace_of "$from")" \
        iperf3 --client "$(inner_address "$to" "$family")" --bind "$(inner_address "$from" "$family")" \
        --time "$seconds" --json --connect-timeout 5000 "$@" >"$report" 2>&1 ||
        die "iperf3 from $from to $to failed: $(jq -r '.error? // "no report"' "$report" 2>/dev/null) ($report)"
    process_stop "$server"
    THROUGHPUT=$(jq -r '(.end.sum_received.bits_per_second / 1e6) | floor' "$report")
    ((THROUGHPUT > 0)) || die "iperf3 from $from to $to carried nothing ($report)"
}

# A megabyte from one inner address to the other; leaves in TRANSFER_TIME how many seconds it took until all of it was there.
megabyte_through() { # FROM TO 4|6
    local server
    process_start "$WORK/transfer-server.log" ip netns exec "$(namespace_of "$2")" \
        python3 "$ROOT/scripts/lib/transfer.py" serve "$(inner_address "$2" "$3")" 5202
    server=$STARTED
    wait_until 15 tcp_listens "$2" 5202 || die "no server at $2 ($WORK/transfer-server.log)"
    # shellcheck disable=SC2034 # for whoever asks how long it took
    TRANSFER_TIME=$(timeout 60 ip netns exec "$(namespace_of "$1")" python3 "$ROOT/scripts/lib/transfer.py" \
        send "$(inner_address "$1" "$3")" "$(inner_address "$2" "$3")" 5202 1000000 2>"$WORK/transfer.log") ||
        die "no megabyte from $1 to $2: $(tail -n 1 "$WORK/transfer.log")"
    process_stop "$server"
}

tcp_listens() { # HOST PORT
    in_host "$1" ss --no-header --listening --tcp --numeric "sport = :$2" | grep -q .
}

# A server for one client, which listens when this returns; leaves its process id in STARTED.
iperf3_serve() { # HOST 4|6 LOG [IPERF3-OPTION...]
    local host=$1 family=$2 log=$3
    shift 3
    process_start "$log" ip netns exec "$(namespace_of "$host")" \
        iperf3 --server --one-off --bind "$(inner_address "$host" "$family")" "$@"
    wait_until 15 tcp_listens "$host" 5201 || die "iperf3 does not listen at $host ($log)"
}

declare -A CAPTURE_FILE=() # by process id

# Captures what a host sends and receives on its cable.
capture_start() { # HOST DEVICE FILE [FILTER...]
    local host=$1 device=$2 file=$3
    shift 3
    process_start "$WORK/${file##*/}.log" ip netns exec "$(namespace_of "$host")" \
        tcpdump -i "$device" -n -U -s 0 --immediate-mode -Z root -B 16384 -w "$file" "$@"
    CAPTURE=$STARTED
    CAPTURE_FILE[$CAPTURE]=$file
    wait_until 15 grep -qs "listening on" "$WORK/${file##*/}.log" || die "tcpdump does not start ($WORK/${file##*/}.log)"
}

# Ends a capture when tcpdump has written what it got, which is when its file no longer grows.
capture_stop() {
    CAPTURE_SIZE=-1
    wait_until 10 capture_rests || warn "the capture ${CAPTURE_FILE[$CAPTURE]} does not come to rest"
    process_stop "$CAPTURE"
}

capture_rests() {
    local size
    sleep 0.3
    size=$(stat --format=%s "${CAPTURE_FILE[$CAPTURE]}")
    [[ $size == "$CAPTURE_SIZE" ]] || { CAPTURE_SIZE=$size && return 1; }
}

# Waits until a capture that goes on shows so many packets of a kind.
capture_await() { # COUNT SECONDS FILE FILTER
    wait_until "$2" capture_reached "$1" "$3" "$4"
}

capture_reached() { # COUNT FILE FILTER
    (($(capture_count "$2" "$3") >= $1))
}

# How many packets of a capture match a filter.
capture_count() { # FILE FILTER
    tcpdump -n -r "$1" "$2" 2>"$WORK/tcpdump.log" | wc -l
}
