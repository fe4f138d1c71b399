# Interop cases: what `ikectl new` writes, copied to two hosts, is a tunnel. Sourced by scripts/interop.

case_new() { # psk|key|cert
    local host side
    [[ $OURS == iked ]] || case_skip "only iked has ikectl"
    topology_direct ours theirs
    PEER_KIND[ours]=iked PEER_KIND[theirs]=iked
    peer_defaults ours theirs
    "$IKECTL" new --left "${OUTER4[ours]}" --left-net "${NETWORK4[ours]}" --right "${OUTER4[theirs]}" \
        --right-net "${NETWORK4[theirs]}" --auth "$1" --dir "$WORK/new" >"$WORK/new.log" 2>&1 || {
        show_file "$WORK/new.log" 5
        die "ikectl new ended with an error ($WORK/new.log)"
    }
    for host in ours theirs; do
        side=left
        [[ $host == ours ]] || side=right
        mkdir -p "$(peer_directory "$host")"
        cp -r "$WORK/new/$side/." "$(peer_directory "$host")/"
        host_remember "$host"
        iked_launch "$host"
        iked_await "$host"
    done
    peers_assert_agree ours theirs
    ping_both_ways ours theirs
    stop_both ours
}

for proof in psk key cert; do
    case_add "new-$proof" case_new "$proof"
done

cases_quick new-cert
