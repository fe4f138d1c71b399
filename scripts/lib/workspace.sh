# A directory for everything a run writes, and the promise that nothing of the run is left. Sourced; needs report.sh.
#
# `workspace_open NAME` makes the directory and sets the traps. Whoever starts or creates something says in the same
# breath how to undo it (`at_exit COMMAND...`); undoing happens last in, first out, however the script ends: done,
# failed, interrupted. The directory stays, named in the verdict, only when something failed.

set -E # functions and subshells inherit the ERR trap

CLEANUP=()
WORK=
REASON=
PASSED=
INTERRUPTED=

workspace_open() { # NAME
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/swift-ike-$1.XXXXXX")
    workspace_traps
}

# A part of a run, in a subshell of its own: its own directory and its own clean-up; the verdict is the caller's.
workspace_enter() { # DIRECTORY
    WORK=$1
    mkdir -p "$WORK"
    CLEANUP=()
    REASON=
    PASSED=
    workspace_traps part
}

workspace_traps() { # [part]
    # A signal may come while a function runs whose output is redirected: the verdict goes where the script's output goes.
    exec {WORKSPACE_OUTPUT}>&1 {WORKSPACE_ERRORS}>&2
    trap 'workspace_interrupted "hung up" 129' HUP
    trap 'workspace_interrupted "interrupted" 130' INT
    trap 'workspace_interrupted "terminated" 143' TERM
    trap 'workspace_interrupted "nobody reads its output" 141' PIPE
    trap 'workspace_error "$?" "${BASH_SOURCE[0]##*/}:$LINENO" "$BASH_COMMAND"' ERR
    # shellcheck disable=SC2064 # the part is known now
    trap "workspace_close \"\$?\" ${1:-whole}" EXIT
}

workspace_interrupted() { # WORD STATUS
    REASON=$1
    INTERRUPTED=yes
    exit "$2"
}

at_exit() { # COMMAND [ARGUMENT...]
    CLEANUP+=("$(printf '%q ' "$@")")
}

# What `set -e` is about to end the script for; `die` has said its reason already.
workspace_error() { # STATUS PLACE COMMAND
    [[ -n $REASON ]] || REASON="$2: '$3' ended with $1"
}

# Says that the run reached its goal, and with what.
passed() {
    PASSED=$*
}

workspace_close() { # STATUS whole|part
    local status=$1 scope=$2 index
    trap '' HUP INT TERM PIPE # undoing is not interrupted
    trap - ERR EXIT
    set +e
    exec 1>&"$WORKSPACE_OUTPUT" 2>&"$WORKSPACE_ERRORS"
    for ((index = ${#CLEANUP[@]} - 1; index >= 0; index--)); do
        eval "${CLEANUP[index]}"
    done
    if ((status == 0)) && [[ -z $REASON && -n $PASSED ]]; then
        [[ -z $WORK ]] || rm -rf "$WORK"
        [[ $scope == part ]] || verdict PASS "$PASSED"
        exit 0
    fi
    ((status != 0)) || status=1
    if [[ $scope == part ]]; then
        printf '%s\n' "${REASON:-ended with $status}" >"$WORK/reason"
    else
        [[ -z $INTERRUPTED ]] || rm -rf "$WORK"
        workspace_forget_if_empty
        verdict FAIL "${REASON:-ended with $status}${WORK:+; logs in $WORK}" >&2
    fi
    exit "$status"
}

workspace_forget_if_empty() {
    [[ -n $WORK ]] || return 0
    rmdir "$WORK" 2>/dev/null
    [[ -d $WORK ]] || WORK=
}
