# Interop cases: a gateway with many clients that each have an address of its own. Sourced by scripts/interop.

ROADWARRIORS=200

# One client host with a connection for each person, all like `site` but for the identity, and a gateway with a pool.
roadwarriors_prepare() { # WHO-IS-THE-CLIENT
    local client=$1 gateway number
    tunnel_prepare
    gateway=${OTHER[$client]}
    # All of them come from one address at once, which otherwise looks like a flood.
    IKED_SETTINGS+=$'\n  block_threshold = 0\n  cookie_threshold = 0\n  cookie_threshold_ip = 0'
    PEER_IKE[$client]=aes256gcm16-prfsha256-x25519
    PEER_IKE[$gateway]=${PEER_IKE[$client]}
    PEER_CONNECTION_KEYS[$client]='    vips = 0.0.0.0'
    PEER_LOCAL_TS[$client]=dynamic
    PEER_REMOTE_TS[$client]=${NETWORK4[$gateway]}
    PEER_CONNECTION_KEYS[$gateway]='    pools = people'
    PEER_LOCAL_TS[$gateway]=${NETWORK4[$gateway]}
    PEER_REMOTE_TS[$gateway]=dynamic
    PEER_REMOTE_ID[$gateway]=%any
    PEER_SECTIONS[$gateway]="pools {
  people {
    addrs = 10.66.0.0/22
    leases {
      user7.test = 10.66.3.77
    }
  }
}
secrets {
  ike-people {
    secret = \"$RUN_SECRET\"
  }
}"
    PEER_SECTIONS[$client]=$(
        echo 'connections {'
        for ((number = 1; number <= ROADWARRIORS; number++)); do
            printf '  user%d : connections.site {\n    local {\n      id = user%d.test\n    }\n' "$number" "$number"
            printf '    children {\n      net {\n        start_action = start\n      }\n    }\n  }\n'
        done
        printf '}\nsecrets {\n  ike-people {\n    secret = "%s"\n  }\n}\n' "$RUN_SECRET"
    )
}

# IDENTITY ADDRESS of each lease that is online or offline.
roadwarriors_leases() { # GATEWAY online|offline
    local online=false
    [[ $2 == offline ]] || online=true
    iked_control "$1" pools --json --leases |
        jq -r --argjson online "$online" '.[].leases[] | select(.online == $online) | "\(.identity) \(.address)"' | sort
}

roadwarriors_are() { # GATEWAY online|offline COUNT
    [[ $(roadwarriors_leases "$1" "$2" | wc -l) == "$3" ]]
}

# A tenth of them pass packets, all at once, each from its own address.
roadwarriors_pass() { # CLIENT FILE-WITH-LEASES
    local client=$1 address pid pids=()
    while read -r _ address; do
        bounded 20 ip netns exec "$(namespace_of "$client")" ping -q -c 2 -i 0.2 -W 2 -I "$address" \
            "${INNER4[${OTHER[$client]}]}" >"$WORK/ping-$address.log" 2>&1 &
        pids+=("$!")
    done < <(awk 'NR % 10 == 1' "$2")
    for pid in "${pids[@]}"; do
        wait "$pid" || die "not every client reaches ${INNER4[${OTHER[$client]}]} ($WORK/ping-*.log)"
    done
}

case_roadwarriors() { # WHO-IS-THE-CLIENT
    local client=$1 gateway
    roadwarriors_prepare "$client"
    gateway=${OTHER[$client]}
    peer_start "$gateway"
    peer_start "$client"
    wait_until 30 roadwarriors_are "$gateway" online "$ROADWARRIORS" ||
        die "only $(roadwarriors_leases "$gateway" online | wc -l) of $ROADWARRIORS clients are up ($(peer_log "$client"))"
    roadwarriors_leases "$gateway" online >"$WORK/leases"
    [[ $(cut -d' ' -f2 "$WORK/leases" | sort -u | wc -l) == "$ROADWARRIORS" ]] || die "two clients have one address"
    grep -q '^user7\.test 10\.66\.3\.77$' "$WORK/leases" || die "user7.test does not have the address that is its own"
    roadwarriors_pass "$client" "$WORK/leases"

    # All go, and the gateway is started anew.
    peer_stop "$client"
    wait_until 10 roadwarriors_are "$gateway" offline "$ROADWARRIORS" || die "the gateway does not see that its clients are gone"
    peer_stop "$gateway"
    peer_start "$gateway"
    roadwarriors_leases "$gateway" offline >"$WORK/kept"
    cmp -s "$WORK/leases" "$WORK/kept" || die "leases were lost with the gateway ($WORK/leases, $WORK/kept)"

    # Who comes back has what it had.
    peer_start "$client"
    wait_until 30 roadwarriors_are "$gateway" online "$ROADWARRIORS" || die "not every client comes back ($(peer_log "$client"))"
    roadwarriors_leases "$gateway" online >"$WORK/again"
    cmp -s "$WORK/leases" "$WORK/again" || die "clients came back to other addresses ($WORK/leases, $WORK/again)"
    roadwarriors_pass "$client" "$WORK/again"
    peer_stop "$client"
    peer_stop "$gateway"
}

case_add two-roadwarriors two_of_ours case_roadwarriors ours
