# Completion of ikectl for fish; its place is /usr/share/fish/vendor_completions.d/ikectl.fish.

# Connections and children that the daemon knows.
function __ikectl_names
    timeout 2 ikectl list --json 2>/dev/null | string match --regex --groups-only '^ *"name": "([^"]*)",?$' | sort -u
end

# Pools that the daemon knows.
function __ikectl_pools
    timeout 2 ikectl pools --json 2>/dev/null | string match --regex --groups-only '^ *"name": "([^"]*)",?$'
end

set -l commands status up down list pools explain ping trace reload log doctor check new pki version help
set -l takes __fish_seen_subcommand_from

complete -c ikectl -f
complete -c ikectl -l socket -r -F -d 'control socket of the daemon'
complete -c ikectl -l help -d 'what the command does and takes'

complete -c ikectl -n "not $takes $commands" -a status -d 'show what is up'
complete -c ikectl -n "not $takes $commands" -a up -d 'bring a tunnel up'
complete -c ikectl -n "not $takes $commands" -a down -d 'take a tunnel down'
complete -c ikectl -n "not $takes $commands" -a list -d 'show the configured connections'
complete -c ikectl -n "not $takes $commands" -a pools -d 'show the pools of addresses'
complete -c ikectl -n "not $takes $commands" -a explain -d 'say why a tunnel is not up'
complete -c ikectl -n "not $takes $commands" -a ping -d 'ask a peer whether it lives'
complete -c ikectl -n "not $takes $commands" -a trace -d 'show the messages of an exchange, decoded'
complete -c ikectl -n "not $takes $commands" -a reload -d 'read the configuration again'
complete -c ikectl -n "not $takes $commands" -a log -d 'show the log as it is written'
complete -c ikectl -n "not $takes $commands" -a doctor -d 'look at this host for what keeps tunnels down'
complete -c ikectl -n "not $takes $commands" -a check -d 'validate a configuration file'
complete -c ikectl -n "not $takes $commands" -a new -d 'write matching configurations for two hosts'
complete -c ikectl -n "not $takes $commands" -a pki -d 'make, show, verify and revoke certificates'
complete -c ikectl -n "not $takes $commands" -a version -d 'print the versions'
complete -c ikectl -n "not $takes $commands" -a help -d 'explain a command'

complete -c ikectl -n "$takes status up down list explain ping trace" -a '(__ikectl_names)'
complete -c ikectl -n "$takes pools" -a '(__ikectl_pools)'
complete -c ikectl -n "$takes help" -a "$commands"
complete -c ikectl -n "$takes check" -F
complete -c ikectl -n "$takes status" -l json -d 'print JSON'
complete -c ikectl -n "$takes status" -l watch -d 'throughput, every second'
complete -c ikectl -n "$takes status" -l sort -x -a 'name state traffic age' -d 'the order'
complete -c ikectl -n "$takes status" -l filter -x -d 'only what has this in it'
complete -c ikectl -n "$takes status" -l short -d 'a line for each tunnel'
complete -c ikectl -n "$takes status" -l verbose -d 'offloads, SPIs, drops, MTUs'
complete -c ikectl -n "$takes up" -l timeout -x -d 'how long to wait for the peer'
complete -c ikectl -n "$takes ping" -l count -x -d 'how often'
complete -c ikectl -n "$takes ping" -l interval -x -d 'pause between two'
complete -c ikectl -n "$takes ping" -l timeout -x -d 'how long to wait for the peer'
complete -c ikectl -n "$takes trace" -l follow -d 'until interrupted'
complete -c ikectl -n "$takes down" -l timeout -x -d 'how long to wait for the peer'
complete -c ikectl -n "$takes list explain ping doctor" -l json -d 'print JSON'
complete -c ikectl -n "$takes pools" -l json -d 'print JSON'
complete -c ikectl -n "$takes pools" -l leases -d 'who has which address'
complete -c ikectl -n "$takes log" -l connection -x -a '(__ikectl_names)' -d 'only about it'
complete -c ikectl -n "$takes log" -l peer -x -d 'only about the peer at this address'
complete -c ikectl -n "$takes log" -l set -x -d 'log more or less: ike=debug'
complete -c ikectl -n "$takes log" -l json -d 'print JSON'
complete -c ikectl -n "$takes log" -l level -x -a '0 1 2' -d 'how much'
complete -c ikectl -n "$takes new" -l left -x -d 'one gateway'
complete -c ikectl -n "$takes new" -l left-net -x -d 'networks behind it'
complete -c ikectl -n "$takes new" -l right -x -d 'the other gateway'
complete -c ikectl -n "$takes new" -l right-net -x -d 'networks behind it'
complete -c ikectl -n "$takes new" -l auth -x -a 'psk key cert' -d 'how they prove who they are'
complete -c ikectl -n "$takes new pki" -l dir -r -F -d directory
complete -c ikectl -n "$takes pki" -F -a 'ca issue show verify revoke'
complete -c ikectl -n "$takes pki" -l name -x -d 'what the CA is called'
complete -c ikectl -n "$takes pki" -l ca -r -F -d 'directory of the CA'
complete -c ikectl -n "$takes pki" -l days -x -d 'how long it is valid'
complete -c ikectl -n "$takes pki" -l key -x -a 'ecdsa256 ecdsa384 ed25519 rsa3072' -d 'kind of key'
complete -c ikectl -n "$takes pki" -l pkcs12 -d 'also write a PKCS #12 file'
complete -c ikectl -n "$takes pki" -l revocation -x -a 'strict ifuri relaxed' -d 'how strict'
