# Completion of ikectl for bash; its place is /usr/share/bash-completion/completions/ikectl.

# Connections and children that the daemon knows.
_ikectl_names() {
    timeout 2 ikectl list --json 2>/dev/null | sed -n 's/^ *"name": "\([^"]*\)",\{0,1\}$/\1/p' | sort -u
}

# Pools that the daemon knows.
_ikectl_pools() {
    timeout 2 ikectl pools --json 2>/dev/null | sed -n 's/^ *"name": "\([^"]*\)",\{0,1\}$/\1/p'
}

_ikectl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' index words
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
            --socket | --timeout | --level | --dir | --ca | --count | --interval | --sort | --filter | --connection | --peer | --set) ((index++)) ;;
            -*) ;;
            *) command=${COMP_WORDS[index]} && break ;;
        esac
    done
    COMPREPLY=()
    case $previous in
        --socket | --dir | --ca) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
        --sort) mapfile -t COMPREPLY < <(compgen -W 'name state traffic age' -- "$word") && return ;;
        --connection) mapfile -t COMPREPLY < <(compgen -W "$(_ikectl_names)" -- "$word") && return ;;
        --timeout | --filter | --peer | --set | --count | --interval | --days | --name | --left | --left-net | --right | --right-net) return ;;
        --auth) mapfile -t COMPREPLY < <(compgen -W 'psk key cert' -- "$word") && return ;;
        --key) mapfile -t COMPREPLY < <(compgen -W 'ecdsa256 ecdsa384 ed25519 rsa3072' -- "$word") && return ;;
        --revocation) mapfile -t COMPREPLY < <(compgen -W 'strict ifuri relaxed' -- "$word") && return ;;
        --level) mapfile -t COMPREPLY < <(compgen -W '0 1 2' -- "$word") && return ;;
    esac
    case $command/$word in
        status/-*) words='--json --watch --short --verbose --sort --filter' ;;
        up/-* | down/-*) words=--timeout ;;
        list/-* | explain/-* | doctor/-*) words=--json ;;
        ping/-*) words='--count --interval --timeout --json' ;;
        trace/-*) words=--follow ;;
        pools/-*) words='--json --leases' ;;
        log/-*) words='--level --connection --peer --set --json' ;;
        new/-*) words='--left --left-net --right --right-net --auth --dir' ;;
        pki/-*) words='--name --dir --ca --days --key --pkcs12 --revocation' ;;
        */-*) words='' ;;
        /*) words='status up down list pools explain ping trace reload log doctor check new pki version help' ;;
        status/* | up/* | down/* | list/* | explain/* | ping/* | trace/*) words=$(_ikectl_names) ;;
        pools/*) words=$(_ikectl_pools) ;;
        pki/*)
            words='ca issue show verify revoke'
            [[ $previous == pki ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
            [[ $previous == pki ]] || return
            ;;
        check/*) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
        help/*) words='status up down list pools explain ping trace reload log doctor check new pki version help' ;;
        *) return ;;
    esac
    [[ $word != -* ]] || words+=' --socket --help'
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _ikectl ikectl
