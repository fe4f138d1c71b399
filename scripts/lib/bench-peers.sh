# What scripts/bench measures: each peer brought up at the hosts left and right, and taken down. Sourced; needs bench.sh,
# and YARDSTICK where that is measured.
#
# Every tunnel carries 1,400 octets, uses AES-256-GCM or what its name says, and UDP unless its name says raw. The process
# at either host is left in BENCH_PID.

BENCH_MTU=1400

bench_peer_up() { # PEER FILE
    IKED_SETTINGS="  mtu = $BENCH_MTU"
    BENCH_FAMILY=4
    bench_defaults iked
    case $1 in
        yardstick) yardstick_up tsr ;;
        yardstick-two) yardstick_up tsr2 ;;
        iked) bench_daemons_up ;;
        iked-plain) iked_without_offloads && bench_daemons_up ;;
        iked-workers) IKED_SETTINGS+=$'\n  workers = 2' && bench_daemons_up ;;
        iked-ipv6) bench_defaults iked 6 && bench_daemons_up ;;
        iked-chacha) bench_cipher chacha20poly1305 && bench_daemons_up ;;
        iked-cbc) bench_cipher aes256-sha256 && bench_daemons_up ;;
        iked-raw) bench_encapsulation no && bench_daemons_up ;;
        iked-[1-9]*) bench_many "${1#iked-}" "$2" ;;
        strongswan) bench_defaults strongswan && bench_daemons_up ;;
        openvpn) openvpn_up ;;
        wireguard-go) wireguard_up ;;
        *) die "unknown peer $1 (see --help)" ;;
    esac
    wait_until 30 ping_through left right "$BENCH_FAMILY" 1 || die "no ping through the tunnel of $1 ($WORK/ping.log)"
}

bench_peer_down() { # PEER
    case $1 in
        iked* | strongswan)
            peer_stop left
            peer_stop right
            ;;
        *)
            process_stop "${BENCH_PID[left]}"
            process_stop "${BENCH_PID[right]}"
            ;;
    esac
}

# MARK: - IKE daemons

# The same daemon at both hosts.
bench_defaults() { # KIND [4|6]
    PEER_KIND[left]=$1 PEER_KIND[right]=$1
    BENCH_FAMILY=${2:-4}
    peer_defaults left right "$BENCH_FAMILY" "$BENCH_FAMILY"
    bench_encapsulation yes
}

bench_encapsulation() { # yes|no
    PEER_ENCAP[left]=$1 PEER_ENCAP[right]=$1
}

bench_cipher() { # PROPOSAL
    PEER_ESP[left]=$1 PEER_ESP[right]=$1
}

bench_daemons_up() {
    bench_daemon_start left
    bench_daemon_start right
    peer_up left
}

bench_daemon_start() { # HOST
    peer_start "$1"
    BENCH_PID[$1]=${PEER_PID[$1]}
}

# As many CHILD SAs as that, of which the traffic has one; the others are in IKE SAs of a hundred each. Notes how much more memory
# the daemons have for each than while it is only configured.
bench_many() { # COUNT FILE
    local configured
    PEER_SECTIONS[left]=$(bench_connections "$1" left start)
    PEER_SECTIONS[right]=$(bench_connections "$1" right none)
    bench_daemon_start right
    configured=$(process_memory "${BENCH_PID[right]}" RssAnon)
    bench_daemon_start left
    peer_up left
    wait_until 300 bench_has_children "$1" || die "right has $(bench_children) CHILD SAs, not $1 ($(iked_log left))"
    # What coming up took for a while goes back.
    sleep 10
    printf '{"test":"per-sa","left":%d,"right":%d}\n' "$(bench_growth left "$configured" "$1")" \
        "$(bench_growth right "$configured" "$1")" >>"$2"
}

bench_growth() { # HOST KIB COUNT -> octets beyond so many KiB, for each
    printf '%d\n' $((($(process_memory "${BENCH_PID[$1]}" RssAnon) - $2) * 1024 / $3))
}

bench_connections() { # COUNT HOST START-ACTION
    local host=$2 other=${OTHER[$2]} index selector
    local -A first=([left]=172.20 [right]=172.24)
    printf 'secrets {\n  ike-many {\n    secret = "%s"\n  }\n}\nconnections {\n' "${PEER_SECRET[$host]}"
    for ((index = 1; index < $1; index++)); do
        ((index % 100 != 1)) || bench_connection_begin "$host" $((index / 100))
        selector=$((index / 250)).$((index % 250 + 1))/32
        printf '      net%d {\n        local_ts = %s\n        remote_ts = %s\n        start_action = %s\n      }\n' \
            "$index" "${first[$host]}.$selector" "${first[$other]}.$selector" "$3"
        ((index % 100 && index != $1 - 1)) || printf '    }\n  }\n'
    done
    printf '}\n'
}

bench_connection_begin() { # HOST NUMBER
    local host=$1 other=${OTHER[$1]}
    cat <<CONF
  many$2 {
    local_addrs = ${PEER_LOCAL[$host]}
    remote_addrs = ${PEER_REMOTE[$host]}
    encap = ${PEER_ENCAP[$host]}
    local {
      auth = psk
      id = many$2.$host.test
    }
    remote {
      auth = psk
      id = many$2.$other.test
    }
    children {
CONF
}

bench_children() {
    grep -c ' CHILD SA [^ ]* established' "$(iked_log right)"
}

bench_has_children() { # COUNT
    (($(bench_children) == $1))
}

# MARK: - The same data path in C

yardstick_build() {
    YARDSTICK=$WORK/yardstick
    gcc -O3 -march=native -o "$YARDSTICK" "$ROOT/Tests/Benchmarks/yardstick.c" -lcrypto -lpthread
}

yardstick_up() { # FLAGS
    local host other out=0x101 in=0x202
    for host in left right; do
        other=${OTHER[$host]}
        process_start "$WORK/yardstick-$host.log" ip netns exec "$(namespace_of "$host")" \
            "$YARDSTICK" esp0 "${OUTER4[$host]}" "${OUTER4[$other]}" "$out" "$in" "$1"
        BENCH_PID[$host]=$STARTED
        bench_device "$host" esp0
        out=0x202 in=0x101
    done
}

# Waits for a peer's TUN device, and sends the other's inner address there.
bench_device() { # HOST DEVICE
    local other=${OTHER[$1]}
    wait_until 10 in_host "$1" ip link show "$2" >/dev/null 2>&1 || die "no device $2 at $1"
    in_host "$1" ip link set "$2" mtu "$BENCH_MTU" up
    in_host "$1" ip route replace "${INNER4[$other]}/32" dev "$2" src "${INNER4[$1]}"
}

# MARK: - Tunnels of other kinds

# TLS with self-signed certificates, and its own data channel; the kernel's module for it is left out.
openvpn_up() {
    local host role
    for host in left right; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$host.test" \
            -keyout "$WORK/openvpn-$host.key" -out "$WORK/openvpn-$host.crt" 2>/dev/null
    done
    cat "$WORK"/openvpn-*.crt >"$WORK/openvpn.ca"
    for host in left right; do
        role=(--tls-server --dh none --local "${OUTER4[left]}" --lport 1194)
        [[ $host == left ]] || role=(--tls-client --remote "${OUTER4[left]}" 1194 --nobind)
        process_start "$WORK/openvpn-$host.log" ip netns exec "$(namespace_of "$host")" \
            openvpn --dev vpn0 --dev-type tun --proto udp4 --topology p2p --tun-mtu "$BENCH_MTU" --disable-dco \
            --data-ciphers AES-256-GCM --ca "$WORK/openvpn.ca" --cert "$WORK/openvpn-$host.crt" \
            --key "$WORK/openvpn-$host.key" --sndbuf 2097152 --rcvbuf 2097152 --txqueuelen 5000 "${role[@]}"
        BENCH_PID[$host]=$STARTED
    done
    for host in left right; do bench_device "$host" vpn0; done
}

wireguard_up() {
    local host other
    for host in left right; do
        (umask 077 && wg genkey >"$WORK/wireguard-$host.key")
        # Each has a /run of its own for its control socket, which has the same name at both hosts.
        process_start "$WORK/wireguard-$host.log" ip netns exec "$(namespace_of "$host")" \
            unshare --mount sh -c 'mount -t tmpfs tmpfs /run && exec wireguard-go --foreground vpn0'
        BENCH_PID[$host]=$STARTED
    done
    for host in left right; do
        other=${OTHER[$host]}
        bench_device "$host" vpn0
        wait_until 5 wireguard_set "$host" private-key "$WORK/wireguard-$host.key" listen-port 51820 \
            peer "$(wg pubkey <"$WORK/wireguard-$other.key")" allowed-ips "${INNER4[$other]}/32" \
            endpoint "${OUTER4[$other]}:51820" || die "wireguard-go takes no settings ($WORK/wireguard-$host.log)"
    done
}

wireguard_set() { # HOST SETTING...
    local host=$1
    shift
    nsenter --target "${BENCH_PID[$host]}" --mount --net wg set vpn0 "$@" 2>>"$WORK/wireguard-$host.log"
}
