# Network namespaces as hosts, and the links between them. Sourced; needs report.sh and workspace.sh.
#
# A host is called by a short name (`left`); its namespace carries the number of the run, so that runs do not collide.

NAMESPACE_PREFIX=swift-ike-$$
LINK_MTU=1500

# A part of a run, which has hosts of its own.
namespaces_enter() { # NUMBER
    NAMESPACE_PREFIX=swift-ike-$$-$1
}

namespace_of() { # HOST
    printf '%s-%s' "$NAMESPACE_PREFIX" "$1"
}

in_host() { # HOST COMMAND...
    local host=$1
    shift
    ip netns exec "$(namespace_of "$host")" "$@"
}

host_add() { # HOST
    local namespace
    namespace=$(namespace_of "$1")
    ip netns add "$namespace"
    at_exit host_delete "$1"
    ip -n "$namespace" link set lo up
    # A host with a tunnel receives inner packets on a device that is not the way back: strict reverse path checks,
    # which a namespace may inherit from the machine, would drop them. IPv6 addresses are there at once, and stay when a
    # cable is pulled, as those of IPv4 do.
    in_host "$1" sysctl --quiet --write net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
        net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
        net.ipv6.conf.all.keep_addr_on_down=1 net.ipv6.conf.default.keep_addr_on_down=1
}

host_delete() { # HOST
    local namespace
    namespace=$(namespace_of "$1")
    [[ -e /run/netns/$namespace ]] || return 0
    ip netns delete "$namespace"
}

# Joins two hosts by a cable; in each the device is named after the other end: `to-right`.
host_link() { # HOST HOST
    ip link add "to-$2" mtu "$LINK_MTU" netns "$(namespace_of "$1")" type veth \
        peer name "to-$1" mtu "$LINK_MTU" netns "$(namespace_of "$2")"
    ip -n "$(namespace_of "$1")" link set "to-$2" up
    ip -n "$(namespace_of "$2")" link set "to-$1" up
    wait_until 10 device_settled "$1" "to-$2" || die "the cable from $1 to $2 does not come up"
    wait_until 10 device_settled "$2" "to-$1" || die "the cable from $2 to $1 does not come up"
}

# The far end of a cable sees the link go and come back.
cable_unplug() { ip -n "$(namespace_of "$1")" link set "$2" down; } # HOST DEVICE
cable_plug() { ip -n "$(namespace_of "$1")" link set "$2" up; }     # HOST DEVICE

# The kernel gives a device its link-local address a moment after the cable is in; then nothing of it changes any more.
device_settled() { # HOST DEVICE
    ((LINK_MTU >= 1280)) || return 0 # too narrow for IPv6
    ip -n "$(namespace_of "$1")" -6 -oneline address show dev "$2" scope link | grep -qv tentative
}

host_address() { # HOST DEVICE ADDRESS/LENGTH...
    local host=$1 device=$2 address
    shift 2
    for address in "$@"; do
        if [[ $address == *:* ]]; then
            ip -n "$(namespace_of "$host")" address add "$address" dev "$device" nodad
        else
            ip -n "$(namespace_of "$host")" address add "$address" dev "$device"
        fi
    done
}

host_route() { # HOST DESTINATION GATEWAY
    ip -n "$(namespace_of "$1")" route add "$2" via "$3"
}

# Everything a VPN daemon could leave behind in a host, in an order that does not change.
host_state() { # HOST
    local namespace
    namespace=$(namespace_of "$1")
    echo "devices:" && ip -n "$namespace" -brief link | awk '{print $1}' | sort
    echo "addresses:" && ip -n "$namespace" -brief address | sort
    echo "rules:" && ip -n "$namespace" -4 rule && ip -n "$namespace" -6 rule
    echo "routes:" && ip -n "$namespace" -4 route show table all | sort
    ip -n "$namespace" -6 route show table all | sed 's/ pref medium//; s/ expires [0-9]*sec//' | sort
    echo "sockets:" && in_host "$1" ss --no-header --numeric --listening --udp --raw | awk '{print $1, $4}' | sort
}

# Remembers what a host has before a daemon starts, and tells the difference after it ended.
host_remember() { # HOST
    host_state "$1" >"$WORK/$1.before"
}

host_unchanged() { # HOST
    host_state "$1" >"$WORK/$1.after"
    diff --unified=0 "$WORK/$1.before" "$WORK/$1.after" >"$WORK/$1.difference"
}

host_assert_unchanged() { # HOST
    wait_until 10 host_unchanged "$1" && return 0
    show_file "$WORK/$1.difference"
    die "host $1 is not as it was before the daemon started ($WORK/$1.difference)"
}

namespaces_left() {
    ip netns list 2>/dev/null | awk -v prefix="$NAMESPACE_PREFIX-" 'index($1, prefix) == 1 {print "namespace", $1}'
}
