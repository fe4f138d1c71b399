# Processes: started with a log, bounded in time, ended by process id. Sourced; needs workspace.sh.
#
# Every process of a run carries SWIFT_IKE_RUN in its environment, so that one which outlives the run is found.

export SWIFT_IKE_RUN=$$
STARTED=
EXIT_STATUS=

declare -A PROCESSES=() # the process ids of children that were not reaped yet

# Starts a command in the background and leaves its process id in STARTED.
process_start() { # LOG COMMAND...
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    process_adopt $!
}

process_adopt() { # PID [SECONDS]
    # shellcheck disable=SC2034 # for whoever starts a process
    STARTED=$1
    PROCESSES[$1]=running
    at_exit process_stop "$1" "${2:-5}" # seconds until it is made to end
}

# A part of a run, in a subshell of its own: its processes carry its number, too.
processes_enter() { # NUMBER
    PROCESSES=()
    export SWIFT_IKE_RUN=$$-$1
}

process_alive() { # PID
    kill -0 "$1" 2>/dev/null
}

process_memory() { # PID [KIND] -> KiB of resident memory; RssAnon: without what it has of files, such as code
    awk -v kind="${2:-VmRSS}:" '$1 == kind {print $2}' "/proc/$1/status"
}

# Asks a process of ours to end, insists after the given seconds, and leaves its exit status in EXIT_STATUS.
# One that was reaped already is left alone: its id may be somebody else's by now.
process_stop() { # PID [SECONDS]
    local pid=$1
    [[ -n ${PROCESSES[$pid]:-} ]] || return 0
    kill -TERM "$pid" 2>/dev/null || true
    process_await "$pid" "${2:-5}" || kill -KILL "$pid" 2>/dev/null || true
    process_reap "$pid"
}

# Waits for a process of ours to end by itself: false when it still runs after the given seconds.
process_await() { # PID SECONDS
    local tick
    for ((tick = 0; tick < $2 * 20; tick++)); do
        process_alive "$1" || return 0
        sleep 0.05
    done
    return 1
}

process_reap() { # PID
    EXIT_STATUS=0
    # shellcheck disable=SC2034 # for whoever asks how it ended
    wait "$1" 2>/dev/null || EXIT_STATUS=$?
    unset "PROCESSES[$1]"
}

# Runs a command for at most so many seconds and returns its status. A signal to the script ends it at once, where a
# plain foreground command would delay the signal until its own end.
bounded() { # SECONDS COMMAND...
    local seconds=$1 pid status=0
    shift
    timeout --kill-after=20 "$seconds" "$@" <&0 &
    pid=$!
    process_adopt "$pid"
    wait "$pid" || status=$?
    unset "PROCESSES[$pid]"
    return "$status"
}

wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# The processes of this run that live although they should not: everything that carries its mark, bar the shells that
# ask. (No pipes here: their processes would be found as well.)
processes_left() {
    local directory pid
    for directory in /proc/[0-9]*; do
        pid=${directory#/proc/}
        [[ $pid != "$BASHPID" ]] || continue
        grep --quiet --extended-regexp --null-data --line-regexp "SWIFT_IKE_RUN=$SWIFT_IKE_RUN(-[0-9]+)?" \
            "$directory/environ" 2>/dev/null || continue
        printf 'process %s %s\n' "$pid" "$(tr '\0' ' ' 2>/dev/null <"$directory/cmdline")"
    done
}
