# Interop cases: messages too long for the path, in fragments of IKE (RFC 7383). Sourced by scripts/interop.

# Both ends have forty networks and a long name each, so that IKE_AUTH takes some 1800 octets over IPv4, more over IPv6.
# (An address in each network: strongSwan takes no policy without.)
long_messages() { # 4|6
    local host number list name
    local -A prefix=([ours4]=10.101. [theirs4]=10.102. [ours6]=fd01:0: [theirs6]=fd02:0:)
    for host in ours theirs; do
        list=${PEER_LOCAL_TS[$host]}
        for ((number = 1; number < 40; number++)); do
            if [[ $1 == 4 ]]; then
                list+=", ${prefix[$host$1]}$number.0/24"
                host_address "$host" lo "${prefix[$host$1]}$number.1/32"
            else
                list+=", ${prefix[$host$1]}$number::/64"
                host_address "$host" lo "${prefix[$host$1]}$number::1/128"
            fi
        done
        PEER_LOCAL_TS[$host]=$list PEER_REMOTE_TS[${OTHER[$host]}]=$list
        printf -v name '%*s' 200 ''
        PEER_ID[$host]=${name// /x}.$host.test
    done
}

fragment_size() { # OCTETS
    # Nothing longer than that is to be seen on the wire.
    IKED_SETTINGS+=$'\n'"  fragment_size = $1"
    STRONGSWAN_SETTINGS+=$'\n'"  fragment_size = $1"
}

# A path that loses what IP would have to fragment, as many do.
drop_ip_fragments() { # HOST
    in_host "$1" nft --file - <<'NFT'
table inet narrow {
    chain arriving {
        type filter hook prerouting priority -450;
        ip frag-off & 0x3fff != 0 counter drop
        exthdr frag exists counter drop
    }
}
NFT
}

# IKE_AUTH and the rekeying of a CHILD SA with many selectors cross a path that takes no long packets, both ways: over
# IPv4 one of 600 octets behind a router, over IPv6 one of 1280.
case_fragments() { # INITIATOR 4|6
    local size=576 host device=to-router
    if [[ $2 == 4 ]]; then
        topology_routed ours theirs 600
    else
        size=1280 device=to-theirs
        LINK_MTU=1280 topology_direct ours theirs
    fi
    peer_defaults ours theirs "$2" "$2"
    tunnel_transport udp
    long_messages "$2"
    fragment_size "$size"
    drop_ip_fragments ours
    drop_ip_fragments theirs
    start_both
    capture_start ours "$device" "$WORK/wire.pcap" 'udp port 500 or udp port 4500'
    peer_up "$1"
    peers_assert_agree ours theirs
    ping_both_ways ours theirs "$2"
    for host in ours theirs; do
        peer_rekey "$host" child || die "$host cannot rekey with long messages ($(peer_directory "$host")/rekey.log)"
        wait_until 30 rekeyed_times "$1" "$host" || die "the CHILD SA is not rekeyed by $host"
        peers_assert_agree ours theirs
        ping_both_ways ours theirs "$2"
    done
    capture_stop
    for host in ours theirs; do
        assert_fragments "$host" "$2" "$size"
    done
    stop_both ours
}

# Rekeyed once after the first end asked, twice after the second one did.
rekeyed_times() { # COUNTED-AT WHO-ASKED
    local least=1
    [[ $2 == ours ]] || least=2
    (($(peer_rekeyings "$1" child) >= least))
}

# Encrypted fragments (payload 53) of a host: at least two for each of two long messages, none of them too long.
assert_fragments() { # HOST 4|6 SIZE
    local fragments long
    if [[ $2 == 4 ]]; then
        fragments=$(capture_count "$WORK/wire.pcap" "src host ${PEER_LOCAL[$1]} and udp[8:4] = 0 and udp[28] = 53")
        long=$(capture_count "$WORK/wire.pcap" "src host ${PEER_LOCAL[$1]} and udp[8:4] = 0 and ip[2:2] > $3")
    else
        fragments=$(capture_count "$WORK/wire.pcap" "src host ${PEER_LOCAL[$1]} and ip6[48:4] = 0 and ip6[68] = 53")
        long=$(capture_count "$WORK/wire.pcap" "src host ${PEER_LOCAL[$1]} and ip6[48:4] = 0 and ip6[4:2] + 40 > $3")
    fi
    note "$1 sent $fragments fragments"
    ((fragments >= 4)) || die "$1 sent only $fragments encrypted fragments ($WORK/wire.pcap)"
    ((long == 0)) || die "$long IKE packets of $1 are longer than $3 octets ($WORK/wire.pcap)"
}

for family in 4 6; do
    for initiator in ours theirs; do
        case_add "$initiator-fragments-ipv$family" case_fragments "$initiator" "$family"
    done
    case_add "two-fragments-ipv$family" two_of_ours case_fragments ours "$family"
done

cases_quick ours-fragments-ipv4
