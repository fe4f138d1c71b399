# Interop cases: addresses inside the tunnel that a gateway assigns from its pools. Sourced by scripts/interop.

# One end is a client that asks for an address of each family, the other a gateway that has them.
addresses_prepare() { # WHO-IS-THE-CLIENT
    local client=$1 gateway
    tunnel_prepare
    gateway=${OTHER[$client]}
    STRONGSWAN_SETTINGS+=$'\n  install_virtual_ip = yes\n  install_virtual_ip_on = ipsec0'
    PEER_CONNECTION_KEYS[$client]='    vips = 0.0.0.0, ::'
    PEER_CONNECTION_KEYS[$gateway]='    pools = four, six'
    PEER_LOCAL_TS[$client]=dynamic
    PEER_REMOTE_TS[$client]="${NETWORK4[$gateway]}, ${NETWORK6[$gateway]}"
    PEER_LOCAL_TS[$gateway]=${PEER_REMOTE_TS[$client]}
    PEER_REMOTE_TS[$gateway]=dynamic
    PEER_SECTIONS[$gateway]='pools {
  four {
    addrs = 10.66.0.0/24
    dns = 10.2.0.53
  }
  six {
    addrs = fd66::/64
  }
}'
}

# The first address of each pool passes packets both ways.
addresses_pass() { # CLIENT
    local client=$1 gateway=${OTHER[$1]} address
    for address in 10.66.0.1 fd66::1; do
        wait_until 10 ping_from "$gateway" "$address" || die "$gateway cannot reach $client at $address ($WORK/ping.log)"
    done
    ping_from "$client" "${INNER4[$gateway]}" || die "$client cannot reach ${INNER4[$gateway]} ($WORK/ping.log)"
    ping_from "$client" "${INNER6[$gateway]}" || die "$client cannot reach ${INNER6[$gateway]} ($WORK/ping.log)"
}

ping_from() { # HOST ADDRESS
    bounded 20 ip netns exec "$(namespace_of "$1")" ping -q -c 3 -i 0.2 -W 2 "$2" >"$WORK/ping.log" 2>&1
}

has_address() { # HOST ADDRESS
    ip -n "$(namespace_of "$1")" -o addr show | grep -F " $2/" >/dev/null
}

case_virtual_addresses() { # WHO-IS-THE-CLIENT
    local client=$1
    addresses_prepare "$client"
    start_both
    peer_up "$client"
    peers_assert_agree ours theirs
    has_address "$client" 10.66.0.1 || die "$client was not given 10.66.0.1"
    has_address "$client" fd66::1 || die "$client was not given fd66::1"
    addresses_pass "$client"
    peer_terminate "$client" ike
    peers_assert_no_sa ours theirs
    if [[ ${PEER_KIND[$client]} == iked ]]; then
        ! has_address "$client" 10.66.0.1 || die "$client still has 10.66.0.1"
    fi
    # Who comes back gets the same.
    peer_up "$client"
    addresses_pass "$client"
    stop_both ours
}

# The pool of the gateway is empty: no tunnel, and a word about it.
case_pool_exhausted() { # WHO-IS-THE-CLIENT
    addresses_prepare "$1"
    PEER_CONNECTION_KEYS[$1]='    vips = 0.0.0.0'
    PEER_CONNECTION_KEYS[${OTHER[$1]}]='    pools = six'
    start_both
    refused "$1"
    assert_our_words "$1" 'INTERNAL_ADDRESS_FAILURE|asks for an address'
    stop_both ours
}

# The client's script is told of the tunnel and its addresses, and of the end.
case_updown() { # WHO-IS-THE-CLIENT
    local client=$1 script=$WORK/updown
    addresses_prepare "$client"
    cat >"$script" <<SCRIPT
#!/bin/sh
echo "\$1 \$PLUTO_VERB \$PLUTO_CONNECTION \$PLUTO_MY_SOURCEIP \$PLUTO_DNS4_1 \$PLUTO_PEER_CLIENT" >>"$WORK/updown.log"
echo "heard of \$PLUTO_VERB"
SCRIPT
    chmod 755 "$script"
    IKED_SETTINGS+=$'\n  install_dns = no'
    PEER_CHILD_KEYS[$client]="        updown = $script word"
    start_both
    peer_up "$client"
    wait_until 10 grep -q '^word up-client-v6 ' "$WORK/updown.log" || die "the script was not told of the tunnel"
    grep -q "^word up-client net 10.66.0.1 10.2.0.53 ${NETWORK4[${OTHER[$client]}]}\$" "$WORK/updown.log" ||
        die "the script was told something else ($WORK/updown.log)"
    wait_until 10 grep -q 'heard of up-client' "$(peer_log "$client")" || die "what the script prints is not in the log"
    stop_both "$client"
    grep -q '^word down-client net ' "$WORK/updown.log" || die "the script was not told of the end ($WORK/updown.log)"
}

for client in ours theirs; do
    case_add "$client-virtual-addresses" case_virtual_addresses "$client"
    case_add "$client-pool-exhausted" case_pool_exhausted "$client"
done
case_add two-virtual-addresses two_of_ours case_virtual_addresses ours
case_add two-updown two_of_ours case_updown ours

cases_quick theirs-virtual-addresses
