# Our own daemon as a peer. Sourced; needs toolchain.sh, processes.sh and peer.sh.

IKED_SETTINGS= # further lines for the section `iked`

# Gives up on a silent peer after some ten seconds, as the strongSwan of these tests does.
iked_impatient() {
    IKED_SETTINGS=$'  retransmit_timeout = 1\n  retransmit_base = 1.4\n  retransmit_tries = 4\n  retry_initiate_interval = 1'
}

# Uses none of the kernel's short cuts for many packets at once.
iked_without_offloads() {
    IKED_SETTINGS+=$'\n  tun_gso = no\n  tun_gro = no\n  udp_gso = no\n  udp_gro = no'
}

iked_start() { # HOST
    iked_write_configuration "$1"
    iked_launch "$1"
    iked_await "$1"
}

iked_write_configuration() { # HOST
    local file
    file=$(peer_directory "$1")/iked.conf
    iked_configuration "$1" >"$file"
    chmod 600 "$file" # it holds a secret
}

iked_configuration() { # HOST
    printf 'iked {\n  tun = iked0\n%s\n}\n' "$IKED_SETTINGS"
    [[ ${PEER_EMPTY[$1]} == yes ]] || peer_configuration "$1"
}

# Starts the process alone: for those who expect it to fail.
iked_launch() { # HOST [COMMAND-PREFIX...]
    local host=$1 directory
    directory=$(peer_directory "$host")
    shift
    mkdir -p "$directory/state"
    process_start "$directory/iked.log" ip netns exec "$(namespace_of "$host")" "$@" \
        "$IKED" --config "$directory/iked.conf" --socket "$(iked_socket "$host")" --state "$directory/state"
    PEER_PID[$host]=$STARTED
}

iked_await() { # HOST
    wait_until 30 iked_answers_or_ended "$1" && process_alive "${PEER_PID[$1]}" && return 0
    show_file "$(iked_log "$1")" 15
    show_file "$(peer_directory "$1")/answer.log" 5
    die "iked of $1 does not start ($(iked_log "$1"))"
}

# `ikectl version` would not do: it succeeds without a daemon, too, and a killed one leaves its socket.
iked_answers() { # HOST
    [[ -S $(iked_socket "$1") ]] && iked_control "$1" status >"$(peer_directory "$1")/answer.log" 2>&1
}

iked_answers_or_ended() { # HOST
    iked_answers "$1" || ! process_alive "${PEER_PID[$1]}"
}

iked_socket() { # HOST
    printf '%s/iked.vici' "$(peer_directory "$1")"
}

iked_log() { # HOST
    printf '%s/iked.log' "$(peer_directory "$1")"
}

# MARK: - The tool

iked_control() { # HOST IKECTL-ARGUMENT...
    local host=$1
    shift
    timeout 90 "$IKECTL" --socket "$(iked_socket "$host")" "$@"
}

iked_initiate() { # HOST CHILD
    iked_control "$1" up "site/$2"
}

iked_terminate() { # HOST ike|child
    if [[ $2 == ike ]]; then iked_control "$1" down site; else iked_control "$1" down net; fi
}

# ikectl has no word for rekeying yet; the control socket may: swanctl speaks to it.
iked_rekey() { # HOST ike|child
    if [[ $2 == ike ]]; then
        timeout 30 swanctl --rekey --ike site --uri "unix://$(iked_socket "$1")"
    else
        timeout 30 swanctl --rekey --child net --uri "unix://$(iked_socket "$1")"
    fi
}

iked_rekeyings() { # HOST ike|child
    local pattern=' IKE SA {[0-9]*} rekeyed$'
    [[ $2 == ike ]] || pattern=' CHILD SA [^ ]* rekeyed as '
    grep -c -- "$pattern" "$(iked_log "$1")" || true
}

# How often both sides rekeyed one SA at once.
iked_collisions() { # HOST
    grep -c ' both sides rekeyed ' "$(iked_log "$1")" || true
}

# What the data plane dropped that came from the peer or had to go there: an unknown SPI, a replay, a packet that did not
# authenticate or matched no selector, a device or socket that took no more.
iked_drops() { # HOST -> COUNT
    {
        timeout 20 swanctl --stats --raw --uri "unix://$(iked_socket "$1")" |
            grep -oE '(unknown-esp-spi|malformed-packets|device-refusals|send-failures)=[0-9]+'
        peer_list_raw "$1" | grep -oE '(replay-drops|auth-failures|selector-drops)=[0-9]+'
    } | awk -F= '{sum += $2} END {print sum + 0}'
}

iked_ike_spis() { # HOST
    iked_control "$1" status --json | jq -r '.connections[].ike_sas[] | select(.state == "established")
        | "\(.initiator_spi) \(.responder_spi)"'
}

iked_child_spis() { # HOST
    iked_control "$1" status --json | jq -r '.connections[].ike_sas[].child_sas[] | select(.state == "installed")
        | "\(.in.spi) \(.out.spi)"'
}
