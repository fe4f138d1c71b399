# strongSwan as a peer: Debian's packages with ESP in user space. Sourced; needs packages.sh, processes.sh, peer.sh.
#
# The plugin kernel-libipsec carries ESP through a TUN device `ipsec0`, so the kernel needs no ESP. Up to 5.9.10 it
# insists on UDP encapsulation (it fakes its NAT detection hash); raw ESP came with 5.9.11. For the raw cases a newer
# Debian's packages are unpacked into a directory, and their /usr is mounted over ours for that one daemon alone.
#
# Several daemons live on one machine: each has its own network and mount namespace, with /run to itself, and its files
# in the directory of its host.

STRONGSWAN_PACKAGES=(
    strongswan-swanctl charon-systemd libcharon-extra-plugins libstrongswan-standard-plugins
    libstrongswan-extra-plugins libcharon-extauth-plugins
)
STRONGSWAN_PLUGINS='random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation kdf kernel-libipsec
    kernel-netlink socket-default vici updown'
STRONGSWAN_MARK=0x42 # on the daemon's own packets, so that a tunnel which covers the peer does not swallow them

STRONGSWAN_MOBIKE=no
STRONGSWAN_SETTINGS= # further lines for the section of the daemon
RAW_SUITE=trixie # strongSwan 6.0
RAW_ROOT=$ROOT/.build/interop/$RAW_SUITE

strongswan_raw_present() {
    [[ -x $RAW_ROOT/usr/sbin/charon-systemd ]]
}

# Unpacks the newer strongSwan once; the directory is a cache, renamed into place when it is complete. False when its
# packages cannot be had.
strongswan_raw_ensure() {
    ! strongswan_raw_present || return 0
    packages_ensure mmdebstrap debian-archive-keyring
    step "Unpacking strongSwan of Debian $RAW_SUITE, which can do raw ESP in user space"
    local include
    include=$(IFS=, && echo "${STRONGSWAN_PACKAGES[*]}")
    mkdir -p "${RAW_ROOT%/*}"
    rm -rf "$RAW_ROOT.partial"
    bounded 600 mmdebstrap --quiet --variant=extract --include="$include" "$RAW_SUITE" "$RAW_ROOT.partial" \
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $RAW_SUITE main" \
        >"$WORK/mmdebstrap.log" 2>&1 || {
        show_file "$WORK/mmdebstrap.log" 15
        warn "the packages of Debian $RAW_SUITE cannot be had: no strongSwan with raw ESP"
        return 1
    }
    mv "$RAW_ROOT.partial" "$RAW_ROOT"
}

# MARK: - The daemon

strongswan_start() { # HOST
    local host=$1 directory log
    directory=$(peer_directory "$host") log=$(peer_directory "$host")/charon.out
    mkdir -p "$directory/swanctl"
    strongswan_settings "$host" >"$directory/strongswan.conf"
    peer_configuration "$host" | strongswan_only_keys >"$directory/swanctl/swanctl.conf"
    STRONGSWAN_CONF=$directory/strongswan.conf process_start "$log" ip netns exec "$(namespace_of "$host")" \
        sh -euc "$(strongswan_own_files "$host"); exec /usr/sbin/charon-systemd"
    PEER_PID[$host]=$STARTED
    wait_until 30 strongswan_answers "$host" || {
        show_file "$log" 15
        die "strongSwan of $host does not start ($log)"
    }
    [[ ${PEER_EMPTY[$host]} == no ]] || return 0
    strongswan_control "$host" --load-all >"$directory/load.log" 2>&1 ||
        die "strongSwan refuses the configuration of $host ($directory/load.log)"
}

# Commands for the mount namespace that `ip netns exec` makes: what a daemon must not share with another.
strongswan_own_files() { # HOST
    echo "mount -t tmpfs tmpfs /run"
    [[ ${PEER_KIND[$1]} == strongswan-raw ]] || return 0
    printf 'mount --bind %q /usr; mount --bind /dev/null /etc/ld.so.cache' "$RAW_ROOT/usr"
}

strongswan_answers() { # HOST
    [[ -S $(peer_directory "$1")/vici ]] && strongswan_control "$1" --stats >/dev/null 2>&1
}

strongswan_settings() { # HOST
    local directory raw=no
    directory=$(peer_directory "$1")
    [[ ${PEER_KIND[$1]} != strongswan-raw ]] || raw=yes
    cat <<CONF
charon-systemd {
  load_modular = no
  load = $(tr -s ' \n' ' ' <<<"$STRONGSWAN_PLUGINS")
  threads = 16
  install_virtual_ip = no
  retransmit_timeout = 1
  retransmit_base = 1.4
  retransmit_tries = 4
$STRONGSWAN_SETTINGS
  plugins {
    kernel-netlink {
      fwmark = !$STRONGSWAN_MARK
    }
    socket-default {
      fwmark = $STRONGSWAN_MARK
    }
    kernel-libipsec {
      raw_esp = $raw
    }
    vici {
      socket = unix://$directory/vici
    }
  }
  journal {
    default = -1
  }
  filelog {
    charon {
      path = $directory/charon.log
      default = 1
      ike = 2
      time_format = %H:%M:%S
      flush_line = yes
    }
  }
}
CONF
    strongswan_tool_settings
}

strongswan_tool_settings() {
    echo 'swanctl { load = random openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation }'
}

# A daemon that MOBIKE lets wander would move off the addresses of a case, unless moving is what it is about.
strongswan_only_keys() {
    sed "s/^    version = 2\$/&\n    mobike = $STRONGSWAN_MOBIKE/"
}

strongswan_socket() { # HOST
    printf '%s/vici' "$(peer_directory "$1")"
}

strongswan_log() { # HOST
    printf '%s/charon.log' "$(peer_directory "$1")"
}

# MARK: - The tool

strongswan_control() { # HOST SWANCTL-ARGUMENT...
    local directory
    directory=$(peer_directory "$1")
    shift
    SWANCTL_DIR=$directory/swanctl STRONGSWAN_CONF=$directory/strongswan.conf \
        timeout 60 swanctl "$@" --uri "unix://$directory/vici"
}

strongswan_initiate() { # HOST CHILD
    strongswan_control "$1" --initiate --child "$2" --timeout 30
}

strongswan_terminate() { # HOST ike|child
    if [[ $2 == ike ]]; then
        strongswan_control "$1" --terminate --ike site --timeout 30
    else
        strongswan_control "$1" --terminate --child net --timeout 30
    fi
}

strongswan_rekey() { # HOST ike|child
    if [[ $2 == ike ]]; then
        strongswan_control "$1" --rekey --ike site
    else
        strongswan_control "$1" --rekey --child net
    fi
}

strongswan_rekeyings() { # HOST ike|child
    local pattern=' IKE_SA site\[[0-9]*\] rekeyed between '
    [[ $2 == ike ]] || pattern=' closing CHILD_SA net{[0-9]*} with SPIs '
    grep -c -- "$pattern" "$(strongswan_log "$1")" || true
}

strongswan_ike_spis() { # HOST
    strongswan_control "$1" --list-sas --raw | vici_ike_spis
}

strongswan_child_spis() { # HOST
    strongswan_control "$1" --list-sas --raw | vici_child_spis
}

# What `swanctl --list-sas --raw` prints is the VICI message in one line; these read the SPIs out of it. SAs that are
# being replaced or deleted are on their way out and not counted.
vici_ike_spis() {
    grep -oE 'state=ESTABLISHED [^{}]*initiator-spi=[0-9a-f]+ responder-spi=[0-9a-f]+' |
        sed -E 's/.*initiator-spi=([0-9a-f]+) responder-spi=([0-9a-f]+)/\1 \2/' || true
}

vici_child_spis() {
    grep -oE 'state=INSTALLED [^{}]*spi-in=[0-9a-f]+ spi-out=[0-9a-f]+' |
        sed -E 's/.*spi-in=([0-9a-f]+) spi-out=([0-9a-f]+)/\1 \2/' || true
}
