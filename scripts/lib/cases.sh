# A table of cases, each run in a shell, a directory and namespaces of its own, some at a time: most of them mostly wait.
# Sourced; needs report.sh, workspace.sh, processes.sh, namespaces.sh and leftovers.sh.
#
# `case_add NAME FUNCTION [ARGUMENT...]` registers one; a case passes when its function returns, and fails by `die` or by
# any command that fails. What a failed case wrote stays in the run's directory under its name.

CASES=()
declare -A CASE_COMMAND=() CASE_QUICK=()
CASES_FAILED=()
CASES_SKIPPED=()
CASES_RUN=0
declare -A CASES_RUNNING=() # process id -> NAME DIRECTORY BEGAN
JOBS=2                      # how many cases run at a time
REPEAT=1                    # how often each case runs
BUSY=0                      # how many endless loops compete with the cases for the processors

case_add() { # NAME FUNCTION [ARGUMENT...]
    local name=$1
    shift
    CASES+=("$name")
    CASE_COMMAND[$name]=$(printf '%q ' "$@")
}

# Names the cases of the short run.
cases_quick() { # NAME...
    local name
    for name in "$@"; do
        [[ -n ${CASE_COMMAND[$name]:-} ]] || die "cases_quick: no case is called $name"
        CASE_QUICK[$name]=yes
    done
}

# A case that this machine cannot run says why and ends; it counts neither as passed nor as failed.
case_skip() { # WHY...
    printf '%s\n' "$*" >"$WORK/skipped"
    passed skipped
    cp "$WORK/skipped" "$WORK.skipped"
    exit 0
}

# Which cases to run: the quick ones, those that match a pattern, or all.
cases_select() { # all|quick [PATTERN...]
    local scope=$1 name pattern
    shift
    SELECTED=()
    for name in "${CASES[@]}"; do
        if (($#)); then
            for pattern in "$@"; do
                # shellcheck disable=SC2053 # a pattern on purpose
                if [[ $name == $pattern ]]; then
                    SELECTED+=("$name")
                    break
                fi
            done
        elif [[ $scope == all || -n ${CASE_QUICK[$name]:-} ]]; then
            SELECTED+=("$name")
        fi
    done
    ((${#SELECTED[@]})) || die "no case matches '$*'; --list shows them"
}

cases_run() {
    local name turn
    for ((turn = 0; turn < BUSY; turn++)); do
        # Bounded, should this script be killed.
        process_start /dev/null timeout 7200 bash -c 'while :; do :; done'
    done
    for ((turn = 1; turn <= REPEAT; turn++)); do
        ((REPEAT == 1)) || step "Round $turn of $REPEAT"
        for name in "${SELECTED[@]}"; do
            while ((${#CASES_RUNNING[@]} >= JOBS)); do case_finish; done
            case_begin "$name" "$turn"
        done
        while ((${#CASES_RUNNING[@]})); do case_finish; done
    done
}

case_begin() { # NAME TURN
    local name=$1 directory=$WORK/$1
    (($2 == 1)) || directory+=-$2
    CASES_RUN=$((CASES_RUN + 1))
    (
        workspace_enter "$directory"
        processes_enter "$CASES_RUN"
        namespaces_enter "$CASES_RUN"
        leftovers_watch
        eval "${CASE_COMMAND[$name]}"
        passed "$name"
    ) >"$directory.out" 2>&1 </dev/null &
    process_adopt $! 60 # it may have much to clean up
    CASES_RUNNING[$STARTED]="$name $directory $EPOCHREALTIME"
}

# Waits for one of the running cases and says how it went.
case_finish() {
    local pid='' status=0 name directory began
    wait -n -p pid "${!CASES_RUNNING[@]}" || status=$?
    read -r name directory began <<<"${CASES_RUNNING[$pid]}"
    unset "PROCESSES[$pid]" "CASES_RUNNING[$pid]"
    if [[ -s $directory.skipped ]]; then
        CASES_SKIPPED+=("$name")
        case_line "$YELLOW" SKIP "$name" "$began" "$(<"$directory.skipped")"
    elif ((status == 0)); then
        case_line "$GREEN" PASS "$name" "$began" "$(sed -n 's/^    //p' "$directory.out" | tail -n 1)"
        rm -f "$directory.out"
    else
        CASES_FAILED+=("$name")
        case_line "$RED" FAIL "$name" "$began" "$(cat "$directory/reason" 2>/dev/null || echo "ended with $status")"
        show_file "$directory.out" 12
    fi
}

case_line() { # COLOUR WORD NAME BEGAN TEXT
    printf '%s%s%s  %-34s %5.1f s  %s\n' "$1" "$2" "$PLAIN" "$3" \
        "$(awk -v from="$4" -v to="$EPOCHREALTIME" 'BEGIN {print to - from}')" "$5"
}

# The verdict over all cases; with a failure the run fails and says where the logs are.
cases_verdict() {
    local ran=$((CASES_RUN - ${#CASES_SKIPPED[@]}))
    ((${#CASES_FAILED[@]} == 0)) || die "${#CASES_FAILED[@]} of $ran cases failed: ${CASES_FAILED[*]}"
    passed "$ran cases${CASES_SKIPPED:+; skipped: ${CASES_SKIPPED[*]}}"
}
