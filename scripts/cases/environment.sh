# Cases of scripts/failures: a machine or a configuration that does not fit. Each must end with one clear message that
# says what to change, a status that scripts can use, and nothing left. Sourced.

# iked must refuse to start: soon, with a status other than 0, and with these words on standard error.
assert_refuses_to_start() { # HOST PATTERN...
    local host=$1 pattern
    shift
    process_await "${PEER_PID[$host]}" 20 || die "iked of $host runs although it cannot work ($(iked_log "$host"))"
    process_reap "${PEER_PID[$host]}"
    ((EXIT_STATUS != 0)) || die "iked of $host ended with 0 although it could not start ($(iked_log "$host"))"
    ((EXIT_STATUS < 126)) || die "iked of $host died with $EXIT_STATUS ($(iked_log "$host"))"
    for pattern in "$@"; do
        grep -qiE -- "$pattern" "$(iked_log "$host")" || {
            show_file "$(iked_log "$host")" 8
            die "iked does not say '$pattern' ($(iked_log "$host"))"
        }
    done
    note "$(tail -n 1 "$(iked_log "$host")" | cut -c 1-150)"
    [[ ! -S $(iked_socket "$host") ]] || die "a control socket is left: $(iked_socket "$host")"
    host_assert_unchanged "$host"
}

# Two hosts with configurations written, and no daemon yet.
environment_prepare() {
    local host
    topology_direct left right
    PEER_KIND[left]=iked PEER_KIND[right]=iked
    peer_defaults left right
    for host in left right; do
        mkdir -p "$(peer_directory "$host")"
        iked_write_configuration "$host"
        host_remember "$host"
    done
}

case_port_in_use() { # PORT
    environment_prepare
    process_start "$WORK/holder.log" ip netns exec "$(namespace_of left)" python3 -c "
import socket, time
holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
holder.bind(('0.0.0.0', $1))
print('bound', flush=True)
time.sleep(60)"
    wait_until 20 grep -q bound "$WORK/holder.log" || die "port $1 cannot be held ($WORK/holder.log)"
    host_remember left
    iked_launch left
    assert_refuses_to_start left "\b$1\b" 'in use|address already'
}

# The daemon's mount namespace is its own (`ip netns exec` makes one): what is hidden there is hidden from it alone.
case_no_tun_file() {
    environment_prepare
    iked_launch left sh -c 'mount -t tmpfs tmpfs /dev/net && exec "$@"' sh
    assert_refuses_to_start left '/dev/net/tun'
}

case_no_capability() { # NAME
    environment_prepare
    iked_launch left setpriv --bounding-set "-$1" --inh-caps "-$1"
    assert_refuses_to_start left "cap_$1|capability"
}

# What a daemon keeps once it runs: CAP_NET_ADMIN (bit 12), a filter for system calls in every thread, and no way to more.
case_gives_up_privileges() {
    local status
    environment_prepare
    iked_launch left
    iked_await left
    [[ $(awk '/^CapEff:/ {print $2}' "/proc/${PEER_PID[left]}/status") == 0000000000001000 ]] ||
        die "iked keeps the capabilities $(grep CapEff "/proc/${PEER_PID[left]}/status")"
    for status in "/proc/${PEER_PID[left]}"/task/*/status; do
        grep -qE '^Seccomp:\s2' "$status" || die "a thread of iked may make any system call ($status)"
        grep -qE '^NoNewPrivs:\s1' "$status" || die "a thread of iked may gain privileges ($status)"
    done
    peer_stop left
}

# Without raw sockets ESP goes in UDP, which a peer with NAT traversal takes; the daemon says so.
case_no_raw_sockets() {
    environment_prepare
    iked_launch left setpriv --bounding-set -net_raw --inh-caps -net_raw
    iked_launch right
    iked_await left
    iked_await right
    grep -q 'without CAP_NET_RAW ESP goes in UDP only' "$(iked_log left)" ||
        die "iked does not say what follows from the missing CAP_NET_RAW ($(iked_log left))"
    peer_up left
    ping_both_ways left right
    iked_control right status --json | jq -e '[.. | .udp_encapsulation? // empty] | length > 0 and all' >"$WORK/udp.log" ||
        die "the tunnel does not go in UDP"
    peer_stop left
    peer_stop right
}

# What Prometheus would fetch while a tunnel carries packets, and after it is gone: counters do not go back.
case_metrics() {
    local before after
    environment_prepare
    IKED_SETTINGS+=$'\n  metrics_listen = 127.0.0.1:9500'
    iked_write_configuration left
    iked_launch left
    iked_launch right
    iked_await left
    iked_await right
    peer_up left
    ping_both_ways left right
    metrics_fetch left
    [[ $(metric 'iked_ike_sas{state="established"}') == 1 ]] || die "the metrics do not tell of the IKE SA ($WORK/metrics.txt)"
    [[ $(metric 'iked_ike_negotiation_duration_seconds_count{role="initiator"}') == 1 ]] ||
        die "the metrics do not tell of the negotiation ($WORK/metrics.txt)"
    before=$(metric 'iked_esp_packets_total{direction="in"}')
    ((before > 0)) || die "the metrics do not tell of the packets ($WORK/metrics.txt)"
    iked_control left down site >"$WORK/down.log" 2>&1 || die "the tunnel does not come down ($WORK/down.log)"
    metrics_fetch left
    after=$(metric 'iked_esp_packets_total{direction="in"}')
    ((after >= before)) || die "$before packets have become $after with the end of the SA ($WORK/metrics.txt)"
    note "$after packets were counted"
    peer_stop left
    peer_stop right
}

metrics_fetch() { # HOST
    in_host "$1" python3 -c 'import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9500/metrics", timeout=5).read().decode(), end="")' >"$WORK/metrics.txt" ||
        die "the metrics are not to be had"
}

metric() { # NAME-AND-LABELS -> VALUE
    awk -v name="$1" '$1 == name {print $2}' "$WORK/metrics.txt"
}

case_not_root() {
    environment_prepare
    chmod 755 "$WORK" "$(peer_directory left)"
    chmod 644 "$(peer_directory left)/iked.conf"
    iked_launch left setpriv --reuid=65534 --regid=65534 --clear-groups
    assert_refuses_to_start left 'root|cap_|capability|permission|permitted'
}

case_tun_name_taken() {
    environment_prepare
    ip -n "$(namespace_of left)" link add iked0 type veth peer name other
    host_remember left
    iked_launch left
    assert_refuses_to_start left 'iked0'
}

case_no_configuration_file() {
    environment_prepare
    rm "$(peer_directory left)/iked.conf"
    iked_launch left
    assert_refuses_to_start left 'iked\.conf' 'no such file|not found|does not exist'
}

# A line of the configuration is broken: the message names the file, the line and what to change, and `ikectl check`
# says the same without a daemon.
case_broken_configuration() { # SED-EXPRESSION PATTERN...
    local expression=$1 file pattern
    shift
    environment_prepare
    file=$(peer_directory left)/iked.conf
    sed -i "$expression" "$file"
    iked_launch left
    assert_refuses_to_start left 'iked\.conf:[0-9]+' "$@"
    if "$IKECTL" check "$file" >"$WORK/check.log" 2>&1; then die "ikectl check accepts the broken file"; fi
    for pattern in 'iked\.conf:[0-9]+' "$@"; do
        grep -qiE -- "$pattern" "$WORK/check.log" || die "ikectl check does not say '$pattern' ($WORK/check.log)"
    done
}

case_check_accepts_good_files() {
    environment_prepare
    "$IKECTL" check "$(peer_directory left)/iked.conf" >"$WORK/check.log" 2>&1 ||
        die "ikectl check refuses a good file: $(tail -n 3 "$WORK/check.log")"
    if [[ -e $ROOT/etc/iked.conf ]]; then
        "$IKECTL" check "$ROOT/etc/iked.conf" >"$WORK/check.log" 2>&1 ||
            die "ikectl check refuses etc/iked.conf: $(tail -n 3 "$WORK/check.log")"
    fi
}

# The second daemon has a network of its own, so that the socket is all the two could quarrel about.
case_second_daemon() {
    environment_prepare
    iked_launch left
    iked_await left
    process_start "$WORK/second.log" ip netns exec "$(namespace_of right)" \
        "$IKED" --config "$(peer_directory right)/iked.conf" --socket "$(iked_socket left)" --state "$WORK/state2"
    process_await "$STARTED" 20 || die "a second daemon runs on the same socket ($WORK/second.log)"
    process_reap "$STARTED"
    ((EXIT_STATUS != 0)) || die "the second daemon ended with 0 ($WORK/second.log)"
    grep -qF "$(iked_socket left)" "$WORK/second.log" || die "the second daemon does not name the socket ($WORK/second.log)"
    note "$(tail -n 1 "$WORK/second.log" | cut -c 1-150)"
    iked_answers left || die "the first daemon no longer answers on its socket"
    host_assert_unchanged right
    peer_stop left
}

# A daemon that was killed leaves its socket, and perhaps rules: the next one takes over and cleans up.
case_stale_socket() {
    environment_prepare
    iked_launch left
    iked_await left
    kill -KILL "${PEER_PID[left]}"
    process_reap "${PEER_PID[left]}"
    [[ -S $(iked_socket left) ]] || die "the killed daemon left no socket: nothing to take over"
    iked_launch left
    iked_await left
    peer_stop left
}

# The same with a tunnel up: routes and rules of the dead daemon must not outlive its successor.
case_killed_with_tunnel() {
    environment_prepare
    iked_launch left
    iked_launch right
    iked_await left
    iked_await right
    peer_up left
    ping_both_ways left right
    kill -KILL "${PEER_PID[left]}"
    process_reap "${PEER_PID[left]}"
    iked_launch left
    iked_await left
    peer_up left
    ping_both_ways left right
    [[ $(peer_ike_spis right | wc -l) == 1 ]] || note "right still has the IKE SA of the daemon that was killed"
    peer_stop left
    peer_stop right
}

case_socket_directory_missing() {
    environment_prepare
    process_start "$(iked_log left)" ip netns exec "$(namespace_of left)" \
        "$IKED" --config "$(peer_directory left)/iked.conf" --socket /nonexistent/iked.vici --state "$WORK/state"
    PEER_PID[left]=$STARTED
    assert_refuses_to_start left '/nonexistent'
}

case_tool_without_daemon() {
    local status=0
    "$IKECTL" --socket "$WORK/none.vici" status >"$WORK/status.log" 2>&1 || status=$?
    ((status != 0 && status < 126)) || die "ikectl status without a daemon ended with $status"
    grep -qF "$WORK/none.vici" "$WORK/status.log" || die "ikectl does not name the socket it tried ($WORK/status.log)"
    note "$(head -n 1 "$WORK/status.log" | cut -c 1-150)"
}

case_tool_unknown_name() {
    local verb
    environment_prepare
    iked_launch left
    iked_await left
    for verb in up down; do
        if iked_control left "$verb" nosuch >"$WORK/$verb.log" 2>&1; then die "ikectl $verb nosuch ended with 0"; fi
        grep -q nosuch "$WORK/$verb.log" || die "ikectl $verb does not name what it did not find ($WORK/$verb.log)"
    done
    peer_stop left
}

# A file that breaks while the daemon runs: reload says so, and what was loaded goes on working.
case_reload_broken() {
    environment_prepare
    iked_launch left
    iked_launch right
    iked_await left
    iked_await right
    peer_up left
    sed -i 's/remote_ts/remote_tz/' "$(peer_directory left)/iked.conf"
    if iked_control left reload >"$WORK/reload.log" 2>&1; then die "ikectl reload accepts a broken file"; fi
    grep -qE 'iked\.conf:[0-9]+' "$WORK/reload.log" || die "ikectl reload does not name file and line ($WORK/reload.log)"
    ping_both_ways left right
    iked_write_configuration left
    iked_control left reload >"$WORK/reload.log" 2>&1 || die "ikectl reload refuses the mended file ($WORK/reload.log)"
    ping_both_ways left right
    peers_assert_agree left right
    peer_stop left
    peer_stop right
}

# TERM while the daemon waits for an answer that never comes.
case_term_while_negotiating() {
    environment_prepare
    PEER_REMOTE[left]=10.99.0.77
    iked_write_configuration left
    iked_launch left
    iked_await left
    process_start "$WORK/up.log" timeout 60 "$IKECTL" --socket "$(iked_socket left)" up net
    wait_until 20 grep -q 'initiating IKE SA' "$(iked_log left)" || die "left does not initiate ($(iked_log left))"
    peer_stop left
    process_await "$STARTED" 20 || die "ikectl up still waits although the daemon ended"
    process_reap "$STARTED"
    ((EXIT_STATUS != 0)) || die "ikectl up ended with 0 although the daemon ended"
}

case_add port-500-in-use case_port_in_use 500
case_add port-4500-in-use case_port_in_use 4500
case_add no-tun-file case_no_tun_file
case_add no-net-admin case_no_capability net_admin
case_add no-raw-sockets case_no_raw_sockets
case_add gives-up-privileges case_gives_up_privileges
case_add metrics case_metrics
case_add not-root case_not_root
case_add tun-name-taken case_tun_name_taken
case_add no-configuration-file case_no_configuration_file
case_add configuration-brace case_broken_configuration 's/^secrets {/secrets/' 'brace|\}|section'
case_add configuration-typo case_broken_configuration 's/remote_addrs/remote_adrs/' 'remote_adrs' 'remote_addrs'
case_add configuration-proposal case_broken_configuration 's/aes256gcm16-prfsha384/aes256gmc16-prfsha384/' \
    'aes256gmc16' 'aes256gcm16'
case_add configuration-selector case_broken_configuration 's,10.2.0.0/24,10.2.0.0/44,' '10\.2\.0\.0/44'
case_add configuration-unsupported case_broken_configuration 's/version = 2/&\n    mediation = yes/' 'mediation'
case_add check-accepts-good-files case_check_accepts_good_files
case_add second-daemon case_second_daemon
case_add stale-socket case_stale_socket
case_add killed-with-tunnel case_killed_with_tunnel
case_add socket-directory-missing case_socket_directory_missing
case_add tool-without-daemon case_tool_without_daemon
case_add tool-unknown-name case_tool_unknown_name
case_add reload-broken case_reload_broken
case_add term-while-negotiating case_term_while_negotiating

cases_quick port-500-in-use no-tun-file no-net-admin no-raw-sockets configuration-typo second-daemon killed-with-tunnel
