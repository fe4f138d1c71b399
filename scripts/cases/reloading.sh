# Interop cases: the configuration is read again while tunnels stand. Sourced by scripts/interop.
#
# Between the two hosts stand `site`, which never changes, and others that differ from it in our identity and in what they
# carry: `second` is changed, `third` goes, `fourth` comes.

RELOAD_STRONG=aes256gcm16-prfsha384-ecp384
RELOAD_OTHER=aes128gcm16-prfsha256-ecp256

reload_prepare() {
    [[ ${OURS:-} == iked ]] || case_skip "only iked reads its file again"
    tunnel_prepare
    reload_networks
    PEER_SECTIONS[theirs]=$(reload_sections theirs "$RELOAD_STRONG, $RELOAD_OTHER" second third fourth)
    PEER_SECTIONS[ours]=$(reload_sections ours "$RELOAD_STRONG" second third)
    start_both
    peer_up ours
    iked_control ours up second/net >"$WORK/second.log" 2>&1 || die "second does not come up ($WORK/second.log)"
    iked_control ours up third/net >"$WORK/third.log" 2>&1 || die "third does not come up ($WORK/third.log)"
}

# Networks of their own for what stands beside `site`; strongSwan wants an address in each.
reload_networks() {
    local number
    for number in 1 2 3; do host_address theirs lo "10.32.$number.1/32"; done
}

# Connections like `site`, each with an identity of ours, and networks of its own that nobody lives in.
reload_sections() { # HOST PROPOSALS-OF-SECOND NAME...
    local host=$1 second=$2 name number=0 proposals
    shift 2
    echo 'connections {'
    for name in "$@"; do
        ((number += 1))
        proposals=$RELOAD_STRONG
        [[ $name != second ]] || proposals=$second
        printf '  %s : connections.site {\n    proposals = %s\n' "$name" "$proposals"
        reload_end "$host" "$name" "$number"
        printf '  }\n'
    done
    printf '}\nsecrets {\n  ike-all {\n    secret = "%s"\n  }\n}\n' "$RUN_SECRET"
}

reload_end() { # HOST NAME NUMBER
    local ours=10.31.$3.0/24 theirs=10.32.$3.0/24
    if [[ $1 == ours ]]; then
        printf '    local {\n      id = %s.test\n    }\n' "$2"
        printf '    children {\n      net {\n        local_ts = %s\n        remote_ts = %s\n' "$ours" "$theirs"
        [[ $2 != fourth ]] || printf '        start_action = start\n'
        printf '      }\n    }\n'
    else
        printf '    remote {\n      id = %s.test\n    }\n' "$2"
        printf '    children {\n      net {\n        local_ts = %s\n        remote_ts = %s\n      }\n    }\n' "$theirs" "$ours"
    fi
}

# SPIs and the pseudorandom function of the SAs of one connection.
reload_sas() { # CONNECTION
    iked_control ours status --json | jq -r --arg name "$1" '.connections[] | select(.name == $name) | .ike_sas[]
        | select(.state == "established") | "\(.initiator_spi) \(.prf) \([.child_sas[] | select(.state == "installed") | .in.spi] | join(" "))"'
}

reload_has_settled() { # OLD-SAS-OF-SECOND
    local second
    second=$(reload_sas second)
    [[ $(wc -l <<<"$second") == 1 && $second != "$1" && $second == *SHA2_256* && -z $(reload_sas third) ]] || return 1
    [[ $(reload_sas fourth | wc -w) == 3 ]] && peers_agree ours theirs
}

case_reload_follows() {
    local site second
    reload_prepare
    site=$(reload_sas site) second=$(reload_sas second)
    pings_begin ours theirs
    PEER_SECTIONS[ours]=$(reload_sections ours "$RELOAD_OTHER" second dropped fourth | sed '/dropped : /,/^  }/d')
    iked_write_configuration ours
    iked_control ours reload >"$WORK/reload.log" || die "ikectl reload ended with $?"
    wait_until 20 reload_has_settled "$second" || {
        show_file "$WORK/reload.log" 12
        die "the SAs are not as configured: second '$(reload_sas second)', third '$(reload_sas third)', fourth '$(reload_sas fourth)'"
    }
    [[ $(reload_sas site) == "$site" ]] || die "the connection that has not changed has other SAs: $(reload_sas site), not $site"
    grep -q '^reloaded: 1 new, 1 changed, 1 gone, 1 unchanged$' "$WORK/reload.log" || die "ikectl reload counts otherwise ($WORK/reload.log)"
    grep -q 'second is changed: proposals' "$WORK/reload.log" || die "ikectl reload does not name the setting ($WORK/reload.log)"

    # A file that is broken changes nothing, however it is read; the same file once more changes nothing either.
    second=$(reload_sas second)
    echo 'connections { broken {' >>"$(peer_directory ours)/iked.conf"
    if iked_control ours reload >"$WORK/broken.log" 2>&1; then die "ikectl reload accepts a broken file"; fi
    kill -HUP "${PEER_PID[ours]}"
    wait_until 10 reload_log_counts 'not read again' 2 || die "SIGHUP does not read the file again ($(iked_log ours))"
    iked_write_configuration ours
    kill -HUP "${PEER_PID[ours]}"
    wait_until 10 reload_log_counts 'read again: 0 new, 0 changed, 0 gone, 3 unchanged' 1 ||
        die "SIGHUP does not read the mended file ($(iked_log ours))"
    sleep 1
    [[ $(reload_sas second) == "$second" && $(reload_sas site) == "$site" ]] || die "SAs changed although nothing else did"
    pings_end
    peers_assert_agree ours theirs
    stop_both ours
}

reload_log_counts() { # PATTERN COUNT
    (($(grep -c "$1" "$(iked_log ours)") >= $2))
}

# Another child, and another proposal for the one that is there: the IKE SA goes on, and no packet is lost.
case_reload_children() {
    local ike child
    [[ ${OURS:-} == iked ]] || case_skip "only iked reads its file again"
    tunnel_prepare
    reload_networks
    PEER_ESP[theirs]='aes256gcm16, aes128gcm16'
    PEER_MORE_CHILDREN[theirs]="      more {
        local_ts = 10.32.1.0/24
        remote_ts = 10.31.1.0/24
      }"
    tunnel_up ours
    ike=$(peer_ike_spis ours) child=$(peer_child_spis ours)
    pings_begin ours theirs
    PEER_ESP[ours]=aes128gcm16
    PEER_MORE_CHILDREN[ours]="      more {
        local_ts = 10.31.1.0/24
        remote_ts = 10.32.1.0/24
        start_action = start
      }"
    iked_write_configuration ours
    iked_control ours reload >"$WORK/reload.log" || die "ikectl reload ended with $?"
    wait_until 20 reload_children_are 2 "$child" || die "not two CHILD SAs, one of them new: $(peer_child_spis ours)"
    [[ $(peer_ike_spis ours) == "$ike" ]] || die "the IKE SA did not go on"
    peers_assert_agree ours theirs
    # What is gone from the file goes alone.
    PEER_MORE_CHILDREN[ours]=
    iked_write_configuration ours
    iked_control ours reload >>"$WORK/reload.log" || die "ikectl reload ended with $?"
    wait_until 20 reload_children_are 1 "$child" || die "the child that is gone has a CHILD SA: $(peer_child_spis ours)"
    [[ $(peer_ike_spis ours) == "$ike" ]] || die "the IKE SA went with its child"
    pings_end
    peers_assert_agree ours theirs
    stop_both ours
}

reload_children_are() { # COUNT OLD
    local now
    now=$(peer_child_spis ours)
    [[ -n $now && $(wc -l <<<"$now") == "$1" && $now != *"$2"* ]] && peers_agree ours theirs
}

case_add reload-follows case_reload_follows
case_add two-reload-follows two_of_ours case_reload_follows
case_add reload-children case_reload_children

cases_quick reload-follows
