# The two ends of a tunnel, whatever daemon runs there. Sourced; needs topology.sh, iked.sh and strongswan.sh.
#
# Each host has a kind (PEER_KIND): `iked`, or `strongswan` of this Debian, or `strongswan-raw`, a newer one that can do
# ESP without UDP in user space. A case sets the arrays below, then says `peer_start HOST` and steers the ends with the
# peer_ functions; each is carried by iked_... or strongswan_... of the same name.
#
# Both daemons read the same grammar, so one connection, `site` with the child `net`, is written for either.

declare -A PEER_KIND=()
declare -A PEER_LOCAL=() PEER_REMOTE=()             # outer addresses
declare -A PEER_ID=() PEER_REMOTE_ID=()             # identities; whom an end expects, where that is not the other's
declare -A PEER_AUTH=() PEER_REMOTE_AUTH=()         # how an end proves itself, and how the other must: lines
declare -A PEER_LOCAL_TS=() PEER_REMOTE_TS=()       # traffic selectors
declare -A PEER_IKE=() PEER_ESP=()                  # proposals
declare -A PEER_ENCAP=() PEER_SECRET=()
declare -A PEER_CONNECTION_KEYS=() PEER_CHILD_KEYS=() # further lines of configuration
declare -A PEER_MORE_CHILDREN=()                    # whole sections beside `net`
declare -A PEER_SECTIONS=()                         # whole sections beside `connections`
declare -A PEER_EMPTY=()                            # yes: the daemon starts without a connection
declare -A PEER_PID=()

# The ordinary tunnel between the inner networks of two hosts: what a case does not say otherwise.
peer_defaults() { # A B [4|6 outer] [4|6 inner]
    local host
    for host in "$1" "$2"; do
        local other=${OTHER[$host]}
        if [[ ${3:-4} == 6 ]]; then
            PEER_LOCAL[$host]=${OUTER6[$host]} PEER_REMOTE[$host]=${OUTER6[$other]}
        else
            PEER_LOCAL[$host]=${OUTER4[$host]} PEER_REMOTE[$host]=${OUTER4[$other]}
        fi
        if [[ ${4:-4} == 6 ]]; then
            PEER_LOCAL_TS[$host]=${NETWORK6[$host]} PEER_REMOTE_TS[$host]=${NETWORK6[$other]}
        else
            PEER_LOCAL_TS[$host]=${NETWORK4[$host]} PEER_REMOTE_TS[$host]=${NETWORK4[$other]}
        fi
        PEER_ID[$host]=$host.test PEER_REMOTE_ID[$host]=
        PEER_AUTH[$host]='auth = psk' PEER_REMOTE_AUTH[$host]='auth = psk'
        PEER_IKE[$host]=aes256gcm16-prfsha384-ecp384
        PEER_ESP[$host]=aes256gcm16
        PEER_ENCAP[$host]=no
        PEER_SECRET[$host]=$RUN_SECRET
        PEER_CONNECTION_KEYS[$host]=
        PEER_CHILD_KEYS[$host]=
        PEER_MORE_CHILDREN[$host]=
        PEER_SECTIONS[$host]=
        PEER_EMPTY[$host]=no
    done
}

# A secret of this run: nothing of the tests is a credential of anybody.
RUN_SECRET=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')

peer_directory() { # HOST
    printf '%s/%s' "$WORK" "$1"
}

peer_configuration() { # HOST
    local host=$1 other=${OTHER[$1]}
    cat <<CONF
connections {
  site {
    version = 2
    local_addrs = ${PEER_LOCAL[$host]}
    remote_addrs = ${PEER_REMOTE[$host]}
    proposals = ${PEER_IKE[$host]}
    encap = ${PEER_ENCAP[$host]}
${PEER_CONNECTION_KEYS[$host]}
    local {
      ${PEER_AUTH[$host]}
      id = ${PEER_ID[$host]}
    }
    remote {
      ${PEER_REMOTE_AUTH[$host]}
      id = ${PEER_REMOTE_ID[$host]:-${PEER_ID[$other]}}
    }
    children {
      net {
        local_ts = ${PEER_LOCAL_TS[$host]}
        remote_ts = ${PEER_REMOTE_TS[$host]}
        esp_proposals = ${PEER_ESP[$host]}
${PEER_CHILD_KEYS[$host]}
      }
${PEER_MORE_CHILDREN[$host]}
    }
  }
}
secrets {
  ike-site {
    id-a = ${PEER_ID[$host]}
    id-b = ${PEER_ID[$other]}
    secret = "${PEER_SECRET[$host]}"
  }
}
${PEER_SECTIONS[$host]}
CONF
}

peer_family() { # HOST -> the name of the functions that carry it
    case ${PEER_KIND[$1]} in
        iked) echo iked ;;
        strongswan | strongswan-raw) echo strongswan ;;
        *) die "no such kind of peer: ${PEER_KIND[$1]}" ;;
    esac
}

# Starts the daemon of a host and waits until it answers.
peer_start() { # HOST
    mkdir -p "$(peer_directory "$1")"
    host_remember "$1"
    "$(peer_family "$1")_start" "$1"
}

# Ends the daemon of a host with TERM and checks how it went.
peer_stop() { # HOST
    local pid=${PEER_PID[$1]}
    process_alive "$pid" || die "the daemon of $1 was gone before it was stopped ($(peer_log "$1"))"
    process_stop "$pid" 20
    ((EXIT_STATUS == 0)) || die "the daemon of $1 ended with $EXIT_STATUS ($(peer_log "$1"))"
    host_assert_unchanged "$1"
}

# Ends the daemon of a host without any chance to say farewell.
peer_kill() { # HOST
    kill -KILL "${PEER_PID[$1]}"
    process_reap "${PEER_PID[$1]}"
}

# Starts a killed daemon again.
peer_start_again() { # HOST
    "$(peer_family "$1")_start" "$1"
}

# Negotiates the connection and a child: status of the tool, its words in initiate.log.
peer_initiate() { # HOST [CHILD]
    "$(peer_family "$1")_initiate" "$1" "${2:-net}" >"$(peer_directory "$1")/initiate.log" 2>&1
}
peer_terminate() { "$(peer_family "$1")_terminate" "$@" >"$(peer_directory "$1")/terminate.log" 2>&1; } # HOST ike|child
peer_rekey() { "$(peer_family "$1")_rekey" "$@" >"$(peer_directory "$1")/rekey.log" 2>&1; } # HOST ike|child
peer_log() { "$(peer_family "$1")_log" "$1"; }                                              # HOST -> file

# One line for each IKE SA: INITIATOR-SPI RESPONDER-SPI, 16 hexadecimal digits each.
peer_ike_spis() { "$(peer_family "$1")_ike_spis" "$1" | sort; } # HOST
# One line for each CHILD SA: SPI-IN SPI-OUT, 8 hexadecimal digits each.
peer_child_spis() { "$(peer_family "$1")_child_spis" "$1" | sort; } # HOST

# How often the IKE SA or the CHILD SA was rekeyed since the daemon started, by either side.
peer_rekeyings() { "$(peer_family "$1")_rekeyings" "$1" "$2"; } # HOST ike|child

# Makes a host rekey its IKE SA and its CHILD SA when they are two seconds old, always exactly.
#
# strongSwan forgets to rekey a CHILD SA whose time comes in the very moment when its IKE SA is replaced ("not found for
# rekey"), and would let it end. The other end then rekeys it after five seconds, which otherwise it has no occasion to.
peer_rekeys_at_once() { # HOST
    local other=${OTHER[$1]}
    PEER_CONNECTION_KEYS[$1]+=$'\n    rekey_time = 2s\n    over_time = 60s\n    rand_time = 0s'
    PEER_CHILD_KEYS[$1]+=$'\n        rekey_time = 2s\n        life_time = 62s\n        rand_time = 0s'
    [[ $(peer_family "$1") == strongswan && ${PEER_CHILD_KEYS[$other]} != *rekey_time* ]] || return 0
    PEER_CHILD_KEYS[$other]+=$'\n        rekey_time = 5s\n        life_time = 62s\n        rand_time = 0s'
}

# The connection comes up, and when it does not the logs say why.
peer_up() { # HOST
    peer_initiate "$1" && return 0
    show_file "$(peer_directory "$1")/initiate.log" 12
    die "$1 could not bring the connection up ($(peer_directory "$1")/initiate.log, $(peer_log "$1"))"
}

# Both ends see the same SAs: the SPIs of one are, crosswise, those of the other.
peers_agree() { # A B
    local ike child_a child_b
    ike=$(peer_ike_spis "$1") child_a=$(peer_child_spis "$1") child_b=$(peer_child_spis "$2")
    [[ -n $ike && -n $child_a ]] || return 1
    [[ $ike == "$(peer_ike_spis "$2")" ]] || return 1
    [[ $child_a == "$(awk '{print $2, $1}' <<<"$child_b" | sort)" ]]
}

peers_assert_agree() { # A B
    wait_until 15 peers_agree "$1" "$2" && return 0
    local host
    for host in "$1" "$2"; do
        note "$host has IKE SAs [$(peer_ike_spis "$host" | tr '\n' ';')] CHILD SAs [$(peer_child_spis "$host" | tr '\n' ';')]"
    done
    die "$1 and $2 do not agree on their SAs"
}

peer_has_no_sa() { # HOST
    [[ -z $(peer_ike_spis "$1")$(peer_child_spis "$1") ]]
}

peers_assert_no_sa() { # HOST...
    local host
    for host in "$@"; do
        wait_until 15 peer_has_no_sa "$host" || die "$host still has an SA: $(peer_ike_spis "$host") $(peer_child_spis "$host")"
    done
}

# What `swanctl --list-sas --raw` says of a host: both daemons speak VICI.
peer_list_raw() { # HOST
    timeout 20 swanctl --list-sas --raw --uri "unix://$("$(peer_family "$1")_socket" "$1")"
}
