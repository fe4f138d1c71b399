# Interop cases: tunnels that come up and carry traffic. Sourced by scripts/interop.

tunnel_suite() { # NAME: sets the proposals of both ends
    local ike esp host
    case $1 in
        gcm) ike=aes256gcm16-prfsha384-ecp384 esp=aes256gcm16 ;;
        chacha) ike=chacha20poly1305-prfsha256-x25519 esp=chacha20poly1305 ;;
        cbc) ike=aes256-sha256-modp2048 esp=aes256-sha256 ;;
        *) ike=${1%/*} esp=${1#*/} ;;
    esac
    for host in ours theirs; do
        PEER_IKE[$host]=$ike PEER_ESP[$host]=$esp
    done
}

# Only a strongSwan with raw ESP is content without UDP; it takes part where the wire must show raw ESP.
tunnel_transport() { # raw|udp
    if [[ $1 == raw ]]; then
        kinds strongswan-raw
        PEER_ENCAP[ours]=no PEER_ENCAP[theirs]=no
    else
        kinds strongswan
        PEER_ENCAP[ours]=yes PEER_ENCAP[theirs]=yes
    fi
}

start_both() {
    peer_start theirs
    peer_start ours
}

# TERM ends each daemon; the first one tells the other, which must be left without an SA.
stop_both() { # FIRST
    peer_stop "$1"
    peers_assert_no_sa "${OTHER[$1]}"
    peer_stop "${OTHER[$1]}"
}

# Pings and a second of TCP in both directions while the wire is watched: all of it is ESP of the wanted kind.
carry_traffic() { # raw|udp [4|6]
    local family=${2:-4} device="to-theirs" capture=$WORK/wire.pcap there
    [[ -z ${NAT_ADDRESS:-} ]] || device="to-router"
    capture_start ours "$device" "$capture"
    ping_both_ways ours theirs "$family"
    tcp_through ours theirs 1 "$family"
    there=$THROUGHPUT
    tcp_through theirs ours 1 "$family"
    capture_stop
    note "$there Mbit/s there, $THROUGHPUT back"
    wire_shows_only "$1" "$capture"
}

wire_shows_only() { # raw|udp CAPTURE
    local raw udp plain
    raw=$(capture_count "$2" 'ip proto 50 or ip6 proto 50')
    udp=$(capture_count "$2" 'udp port 4500')
    plain=$(capture_count "$2" 'net 10.1.0.0/16 or net 10.2.0.0/16 or net fd01::/64 or net fd02::/64')
    ((plain == 0)) || die "$plain inner packets in the clear on the wire ($2)"
    if [[ $1 == raw ]]; then
        ((raw > 20)) || die "no raw ESP on the wire: $raw packets of protocol 50, $udp to or from port 4500 ($2)"
        ((udp < 10)) || die "$udp packets to or from port 4500 where raw ESP was expected ($2)"
    else
        ((udp > 20 && raw == 0)) || die "UDP expected: $udp packets at port 4500, $raw of protocol 50 ($2)"
    fi
}

case_tunnel() { # INITIATOR OUTER raw|udp SUITE [INNER]
    local initiator=$1 outer=$2 transport=$3 suite=$4 inner=${5:-4}
    topology_direct ours theirs
    peer_defaults ours theirs "$outer" "$inner"
    tunnel_suite "$suite"
    tunnel_transport "$transport"
    start_both
    peer_up "$initiator"
    peers_assert_agree ours theirs
    carry_traffic "$transport" "$inner"
    stop_both ours
}

# One end alone asks for UDP; the other would be content with raw ESP.
case_encap_by() { # HOST
    topology_direct ours theirs
    peer_defaults ours theirs
    kinds strongswan-raw
    PEER_ENCAP[$1]=yes
    start_both
    peer_up ours
    peers_assert_agree ours theirs
    carry_traffic udp
    stop_both theirs
}

case_large_packets() { # OUTER INNER
    topology_direct ours theirs
    peer_defaults ours theirs "$1" "$2"
    tunnel_transport udp
    start_both
    peer_up ours
    large_packets "$2"
    stop_both ours
}

# Packets as large as the tunnel takes, and larger ones that the host must fragment before the tunnel.
large_packets() { # INNER
    local host size
    for size in 1200 1372 1472 4000; do
        for host in ours theirs; do
            ping_through "$host" "${OTHER[$host]}" "$1" 3 -s "$size" -M dont ||
                die "no ping with $size octets from $host ($WORK/ping.log)"
        done
    done
}

# Implicit IVs (RFC 8750) make each packet of ESP 8 octets shorter where both ends know them. strongSwan does not: whoever asks,
# they agree on the explicit ones.
case_implicit_iv() { # INITIATOR UDP-LENGTH-OF-A-PING
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    PEER_ESP[ours]=aes256gcm16iiv-aes256gcm16
    if [[ ${PEER_KIND[theirs]} == iked ]]; then PEER_ESP[theirs]=${PEER_ESP[ours]}; fi
    start_both
    peer_up "$1"
    peers_assert_agree ours theirs
    capture_start ours to-theirs "$WORK/wire.pcap" 'udp port 4500'
    ping_through ours theirs 4 5 -s 100 || die "no ping through the tunnel ($WORK/ping.log)"
    capture_stop
    # Requests and answers of 128 octets: 2 of padding, 2 of trailer, 16 of ICV, 8 of ESP and 8 of UDP header, and an IV or none.
    (($(capture_count "$WORK/wire.pcap" "udp[4:2] = $2") >= 10)) || die "no packets of $2 octets ($WORK/wire.pcap)"
    carry_traffic udp
    stop_both ours
}

# The whole Internet goes through the tunnel, the peer's own address included: the daemon's packets must not.
case_full_tunnel() { # 4|6
    local everything=0.0.0.0/0
    [[ $1 == 4 ]] || everything=::/0
    topology_direct ours theirs
    peer_defaults ours theirs "$1" "$1"
    tunnel_transport udp
    PEER_REMOTE_TS[ours]=$everything PEER_LOCAL_TS[theirs]=$everything
    start_both
    peer_up ours
    peers_assert_agree ours theirs
    carry_traffic udp "$1"
    stop_both ours
}

# The initiator asks for more than the responder has: both use the common part.
case_narrowing() { # INITIATOR
    local responder=${OTHER[$1]:-} host
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    responder=${OTHER[$1]}
    PEER_REMOTE_TS[$1]=10.0.0.0/8
    start_both
    peer_up "$1"
    peers_assert_agree ours theirs
    for host in "$1" "$responder"; do
        peer_list_raw "$host" | grep -qF "${PEER_LOCAL_TS[$responder]}" ||
            die "$host does not show the narrowed selector ${PEER_LOCAL_TS[$responder]}: $(peer_list_raw "$host")"
        ! peer_list_raw "$host" | grep -qF 10.0.0.0/8 || die "$host still shows 10.0.0.0/8"
    done
    ping_both_ways ours theirs
    stop_both ours
}

# The initiator's first key exchange method is not the responder's: it has to come again with another.
case_invalid_ke() { # INITIATOR
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport udp
    PEER_IKE[$1]=aes256gcm16-prfsha384-ecp384-x25519
    PEER_IKE[${OTHER[$1]}]=aes256gcm16-prfsha384-x25519
    start_both
    peer_up "$1"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both ours
}

# A responder with many half-open SAs asks for a cookie before it does any work (RFC 7296 section 2.6); the initiator
# brings it. The half-open SAs come from forged copies of an initiator's first message.
case_cookie() { # WHO-IS-FLOODED
    local flooded=$1 initiator
    topology_direct ours theirs
    initiator=${OTHER[$flooded]}
    peer_defaults ours theirs
    tunnel_transport udp
    IKED_SETTINGS+=$'\n  cookie_threshold = 3'
    STRONGSWAN_SETTINGS+=$'\n  cookie_threshold = 3\n  block_threshold = 0'
    start_both
    capture_start ours to-theirs "$WORK/first.pcap" "udp port 500 and dst host ${PEER_LOCAL[$flooded]}"
    peer_up "$initiator"
    capture_await 1 15 "$WORK/first.pcap" 'udp' || die "the first message was not captured ($WORK/first.pcap)"
    capture_stop
    peer_terminate "$initiator" ike
    peers_assert_no_sa ours theirs
    bounded 30 ip netns exec "$(namespace_of "$initiator")" python3 "$ROOT/scripts/lib/datagrams.py" altered \
        "${PEER_LOCAL[$flooded]}" "$WORK/first.pcap" >"$WORK/sent.log" 2>&1 || die "no flood ($WORK/sent.log)"
    # An answer to IKE_SA_INIT that begins with a notify asks for a cookie.
    capture_start ours to-theirs "$WORK/second.pcap" "udp port 500 and src host ${PEER_LOCAL[$flooded]}"
    peer_up "$initiator"
    capture_await 1 15 "$WORK/second.pcap" 'udp[26] = 34 and udp[24] = 41' ||
        die "no cookie was asked for ($WORK/second.pcap)"
    capture_stop
    ping_both_ways ours theirs
    stop_both ours
}

# A router with a NAT between the ends: the inner one initiates, both see the NAT, and everything goes to port 4500,
# which the NAT changes on its way.
case_behind_nat() { # WHO-IS-BEHIND
    local inside=$1 outside
    topology_behind_nat "$inside" "$([[ $inside == ours ]] && echo theirs || echo ours)"
    outside=${OTHER[$inside]}
    peer_defaults ours theirs
    kinds strongswan
    PEER_REMOTE[$outside]=%any
    start_both
    peer_up "$inside"
    peers_assert_agree ours theirs
    peer_list_raw "$inside" | grep -q 'nat-local=yes' || die "$inside does not see that it is behind a NAT"
    peer_list_raw "$outside" | grep -q 'nat-remote=yes' || die "$outside does not see the NAT of its peer"
    peer_list_raw "$outside" | grep -q "remote-host=$NAT_ADDRESS remote-port=4[0-9][0-9][0-9][0-9] " ||
        die "$outside does not see the port that the NAT chose: $(peer_list_raw "$outside")"
    carry_traffic udp
    stop_both "$inside"
}

# Several threads for each direction, each on a processor: what one of them may not have, the others find.
case_several_workers() { # raw|udp
    IKED_SETTINGS+=$'\n  workers = 3\n  pin = yes'
    topology_direct ours theirs
    peer_defaults ours theirs
    tunnel_transport "$1"
    start_both
    [[ $(ps -L -o comm= -p "${PEER_PID[ours]}" | grep -c '^iked-\(in\|out\)-[0-2]$') == 6 ]] ||
        die "ours has not three threads for each direction: $(ps -L -o comm= -p "${PEER_PID[ours]}" | paste -sd ' ')"
    peer_up ours
    peers_assert_agree ours theirs
    carry_traffic "$1"
    tcp_through ours theirs 1 4 --parallel 8
    tcp_through theirs ours 1 4 --parallel 8
    stop_both ours
}

# Each of two threads gets a CHILD SA of its own beside the one for all (RFC 9611) as soon as it sends, and the peer takes them
# up. All of them are rekeyed while datagrams of several flows run, of which none is lost.
case_per_core() {
    local host before
    local -A drops=()
    per_core_prepare ours theirs
    kinds iked
    for host in ours theirs; do
        PEER_CHILD_KEYS[$host]+=$'\n        rekey_time = 4s\n        life_time = 60s\n        rand_time = 2s'
    done
    start_both
    peer_up ours
    tcp_through ours theirs 1 4 --parallel 8
    tcp_through theirs ours 1 4 --parallel 8
    for host in ours theirs; do
        wait_until 15 per_core_stands "$host" 0 1 ||
            die "not every thread of $host has a CHILD SA of its own: $(per_core_numbers "$host")"
    done
    before=$(peer_rekeyings ours child)
    for host in ours theirs; do drops[$host]=$(iked_drops "$host"); done
    flows_lose_nothing ours theirs 10 4 --parallel 4
    for host in ours theirs; do
        (($(iked_drops "$host") <= drops[$host])) || die "iked of $host dropped $(iked_drops "$host") packets of the tunnel"
    done
    (($(peer_rekeyings ours child) - before >= 4)) || die "only $(peer_rekeyings ours child) CHILD SAs were rekeyed"
    for host in ours theirs; do
        wait_until 30 per_core_sends "$host" || die "not every thread of $host sends on its own SA: $(per_core_table "$host")"
    done
    note "ours: $(per_core_table ours)"
    peers_assert_agree ours theirs
    # One name stands for all of them.
    peer_terminate ours child || die "ours cannot take the child down ($(peer_directory ours)/terminate.log)"
    for host in ours theirs; do
        wait_until 15 no_child_of "$host" || die "$host still has CHILD SAs: $(peer_child_spis "$host")"
    done
    stop_both ours
}

# A peer that does not know it, or has it off, has one CHILD SA with us however many threads send.
case_per_core_alone() { # INITIATOR
    per_core_prepare ours
    kinds strongswan
    start_both
    peer_up "$1"
    tcp_through ours theirs 1 4 --parallel 8
    tcp_through theirs ours 1 4 --parallel 8
    peers_assert_agree ours theirs
    [[ $(peer_child_spis ours | wc -l) == 1 ]] || die "ours has several CHILD SAs: $(peer_child_spis ours)"
    stop_both ours
}

per_core_prepare() { # HOST...
    local host
    IKED_SETTINGS+=$'\n  workers = 2'
    topology_direct ours theirs
    peer_defaults ours theirs
    PEER_ENCAP[ours]=yes PEER_ENCAP[theirs]=yes
    for host in "$@"; do PEER_CHILD_KEYS[$host]+=$'\n        per_cpu_sas = yes'; done
}

# The CHILD SAs of a host, each with its thread (`all` for the one of all) and the packets that went out on it.
per_core_table() { # HOST
    iked_control "$1" status --json | jq -r '[.connections[].ike_sas[].child_sas[] | select(.state == "installed")
        | "\(.cpu // "all"): \(.out.packets)"] | join(", ")'
}

per_core_numbers() { # HOST
    iked_control "$1" status --json | jq -r '.connections[].ike_sas[].child_sas[] | .cpu // "all"' | sort -u |
        paste -sd ' '
}

per_core_stands() { # HOST NUMBER...
    local numbers number host=$1
    numbers=" $(per_core_numbers "$host") "
    shift
    for number in all "$@"; do [[ $numbers == *" $number "* ]] || return 1; done
}

# Both threads have packets of eight flows. (What has just been rekeyed has sent none yet.)
per_core_sends() { # HOST
    tcp_through "$1" "${OTHER[$1]}" 1 4 --parallel 8
    iked_control "$1" status --json | jq --exit-status '[.connections[].ike_sas[].child_sas[]
        | select(.cpu != null and .out.packets > 0) | .cpu] | unique | contains([0, 1])' >/dev/null
}

no_child_of() { # HOST
    [[ -z $(peer_child_spis "$1") ]]
}

# Who is behind a NAT keeps its mapping open with single octets of 0xff to port 4500 (RFC 3948 section 4).
case_nat_keepalive() { # WHO-IS-BEHIND
    local inside=$1 outside
    topology_behind_nat "$inside" "$([[ $inside == ours ]] && echo theirs || echo ours)"
    outside=${OTHER[$inside]}
    peer_defaults ours theirs
    kinds strongswan
    PEER_REMOTE[$outside]=%any
    IKED_SETTINGS+=$'\n  keep_alive = 1s'
    STRONGSWAN_SETTINGS+=$'\n  keep_alive = 1s'
    start_both
    peer_up "$inside"
    capture_start "$inside" to-router "$WORK/wire.pcap" 'udp dst port 4500 and udp[4:2] = 9 and udp[8] = 0xff'
    capture_await 3 20 "$WORK/wire.pcap" 'udp' || die "no three keepalives in 20 s ($WORK/wire.pcap)"
    capture_stop
    ping_both_ways ours theirs
    stop_both "$inside"
}

for family in 4 6; do
    for transport in raw udp; do
        for suite in gcm chacha cbc; do
            for initiator in ours theirs; do
                case_add "$initiator-ipv$family-$transport-$suite" case_tunnel "$initiator" "$family" "$transport" "$suite"
            done
        done
    done
done
for initiator in ours theirs; do
    case_add "$initiator-inner6-over4" case_tunnel "$initiator" 4 udp gcm 6
    case_add "$initiator-inner4-over6" case_tunnel "$initiator" 6 raw gcm 4
    case_add "$initiator-narrowing" case_narrowing "$initiator"
    case_add "$initiator-invalid-ke" case_invalid_ke "$initiator"
    case_add "$initiator-encap" case_encap_by "$initiator"
    case_add "$initiator-behind-nat" case_behind_nat "$initiator"
    case_add "$initiator-nat-keepalive" case_nat_keepalive "$initiator"
    case_add "$initiator-flooded-cookie" case_cookie "$initiator"
done
case_add several-workers-udp case_several_workers udp
case_add several-workers-raw case_several_workers raw
case_add two-per-core two_of_ours case_per_core
for initiator in ours theirs; do
    case_add "$initiator-per-core" case_per_core_alone "$initiator"
done
case_add inner6-over6-raw case_tunnel ours 6 raw cbc 6
for initiator in ours theirs; do
    case_add "$initiator-implicit-iv" case_implicit_iv "$initiator" 172
done
case_add two-implicit-iv two_of_ours case_implicit_iv ours 164
case_add full-tunnel case_full_tunnel 4
case_add full-tunnel-ipv6 case_full_tunnel 6
case_add large-packets-ipv4 case_large_packets 4 4
case_add large-packets-ipv6 case_large_packets 6 6
case_add suite-ctr-ecp256 case_tunnel ours 4 udp aes128ctr-sha256-ecp256/aes128ctr-sha256
case_add suite-ccm-ecp521 case_tunnel theirs 4 udp aes128ccm16-prfsha512-ecp521/aes128ccm16
case_add suite-sha512-modp3072 case_tunnel ours 4 raw aes192-sha512-modp3072/aes192-sha512
# (No case with extended sequence numbers: strongSwan's user-space ESP negotiates them and then has none.)
case_add suite-gcm128-x25519 case_tunnel ours 4 raw aes128gcm16-prfsha256-x25519/aes128gcm16

cases_quick ours-ipv4-raw-gcm theirs-ipv4-udp-chacha ours-ipv6-udp-cbc theirs-ipv6-raw-gcm theirs-behind-nat full-tunnel
