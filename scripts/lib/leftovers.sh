# The last check of every run: nothing of it is left on the machine. Sourced; needs processes.sh and namespaces.sh.
#
# `leftovers_watch` is called before anything is created: the first entry of the clean-up is undone last, and then
# looks for namespaces and processes of this run. What a daemon leaves inside a host is host_assert_unchanged's matter.

leftovers_watch() {
    at_exit leftovers_check
}

leftovers_of_run() {
    namespaces_left
    processes_left
}

leftovers_none() {
    LEFTOVERS=$(leftovers_of_run)
    [[ -z $LEFTOVERS ]]
}

leftovers_check() {
    wait_until 10 leftovers_none && return 0
    # shellcheck disable=SC2001 # a prefix for every line
    sed 's/^/      | /' <<<"$LEFTOVERS" >&2
    REASON=${REASON:+$REASON; and }"left behind: $(head -n 1 <<<"$LEFTOVERS")"
}
