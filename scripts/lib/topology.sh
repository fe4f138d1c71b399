# The networks of the tests. Sourced; needs namespaces.sh.
#
#   direct:        A 10.99.0.1 ---------------------------------- 10.99.0.2 B
#                    fd99::1                                      fd99::2
#
#   behind a NAT:  A 192.168.77.2 --- 192.168.77.1 router 10.99.0.3 --- 10.99.0.2 B
#
#   routed:        A 192.0.2.2 ------ 192.0.2.1 router 198.51.100.1 --- 198.51.100.2 B, a narrow cable on the right
#
# Each of the two hosts has an inner network behind it, with its own address on the loopback device: 10.1.0.1 and
# fd01::1 at A, 10.2.0.1 and fd02::1 at B.

declare -A OUTER4=() OUTER6=() INNER4=() INNER6=() NETWORK4=() NETWORK6=() OTHER=()

topology_direct() { # A B
    topology_inner "$1" "$2"
    OUTER4[$1]=10.99.0.1 OUTER4[$2]=10.99.0.2
    OUTER6[$1]=fd99::1 OUTER6[$2]=fd99::2
    host_link "$1" "$2"
    host_address "$1" "to-$2" 10.99.0.1/24 fd99::1/64
    host_address "$2" "to-$1" 10.99.0.2/24 fd99::2/64
}

# The router gives every flow another source port, as the carriers' NATs do, so that nothing works by keeping 4500.
topology_behind_nat() { # A B
    topology_inner "$1" "$2"
    OUTER4[$1]=192.168.77.2 OUTER4[$2]=10.99.0.2
    NAT_ADDRESS=10.99.0.3
    host_add router
    host_link "$1" router
    host_link "$2" router
    host_address "$1" to-router 192.168.77.2/24
    host_address router "to-$1" 192.168.77.1/24
    host_address router "to-$2" "$NAT_ADDRESS/24"
    host_address "$2" to-router 10.99.0.2/24
    host_route "$1" default 192.168.77.1
    in_host router sysctl --quiet --write net.ipv4.ip_forward=1
    in_host router nft --file - <<NFT
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "to-$2" meta l4proto udp masquerade to :40000-49999 random
        oifname "to-$2" masquerade
    }
}
NFT
}

# The path is narrower than the cable of either host shows; the router says so (ICMP) when a packet does not fit.
topology_routed() { # A B MTU-OF-THE-SECOND-CABLE
    topology_inner "$1" "$2"
    OUTER4[$1]=192.0.2.2 OUTER4[$2]=198.51.100.2
    host_add router
    in_host router sysctl --quiet --write net.ipv4.ip_forward=1
    host_link "$1" router
    host_link "$2" router
    host_address "$1" to-router 192.0.2.2/24
    host_address router "to-$1" 192.0.2.1/24
    host_address router "to-$2" 198.51.100.1/24
    host_address "$2" to-router 198.51.100.2/24
    host_route "$1" default 192.0.2.1
    host_route "$2" default 198.51.100.1
    ip -n "$(namespace_of router)" link set "to-$2" mtu "$3"
    ip -n "$(namespace_of "$2")" link set to-router mtu "$3"
}

topology_inner() { # A B
    OTHER[$1]=$2 OTHER[$2]=$1
    INNER4[$1]=10.1.0.1 INNER4[$2]=10.2.0.1
    INNER6[$1]=fd01::1 INNER6[$2]=fd02::1
    NETWORK4[$1]=10.1.0.0/24 NETWORK4[$2]=10.2.0.0/24
    NETWORK6[$1]=fd01::/64 NETWORK6[$2]=fd02::/64
    local host
    for host in "$1" "$2"; do
        host_add "$host"
        host_address "$host" lo "${INNER4[$host]}/32" "${INNER6[$host]}/128"
    done
}
