# FreeRADIUS as the server behind a gateway: EAP-MSCHAPv2, EAP-TLS and EAP-TTLS, and accounting. Sourced; needs packages.sh,
# processes.sh and namespaces.sh.
#
# A server lives in a namespace and has all its files in one directory of the workspace; nothing of /etc/freeradius is read but
# the modules' default configurations and the dictionaries that come with the program.

RADIUS_PACKAGES=(freeradius freeradius-utils)
# shellcheck disable=SC2034 # for whoever configures a gateway
RADIUS_SECRET=testing-secret-of-radius
RADIUS_USER=anna
RADIUS_PASSWORD=hunter2
RADIUS_ATTRIBUTES= # more of what the server grants to the user, separated by commas, as in a `users` file

declare -A RADIUS_PID=()

radius_directory() { # HOST
    printf '%s/%s.radius' "$WORK" "$1"
}

radius_log() { # HOST
    printf '%s/radius.log' "$(radius_directory "$1")"
}

# The accounting records that the server has got, as text.
radius_accounting() { # HOST
    printf '%s/accounting' "$(radius_directory "$1")"
}

# Starts a server in the host's namespace. The certificate is the server's for EAP-TLS and the outer tunnel of EAP-TTLS.
radius_start() { # HOST CERTIFICATE KEY AUTHORITY
    local host=$1
    packages_ensure "${RADIUS_PACKAGES[@]}"
    radius_write "$@"
    process_start "$(radius_log "$host")" ip netns exec "$(namespace_of "$host")" \
        freeradius -X -d "$(radius_directory "$host")" -n radiusd
    RADIUS_PID[$host]=$STARTED
    wait_until 30 grep -q 'Ready to process requests' "$(radius_log "$host")" || {
        show_file "$(radius_log "$host")" 15
        die "freeradius of $host does not start ($(radius_log "$host"))"
    }
}

radius_stop() { # HOST
    process_stop "${RADIUS_PID[$1]}"
}

# MARK: - Its files

radius_write() { # HOST CERTIFICATE KEY AUTHORITY
    local directory
    directory=$(radius_directory "$1")
    rm -rf "$directory"
    mkdir -p "$directory/run"
    chmod 700 "$directory"
    radius_main "$directory" >"$directory/radiusd.conf"
    radius_eap "$2" "$3" "$4" >"$directory/eap.conf"
    radius_sites >"$directory/sites.conf"
    radius_users >"$directory/users"
}

radius_main() { # DIRECTORY
    cat <<CONF
prefix = /usr
localstatedir = $1
logdir = $1
run_dir = $1/run
libdir = /usr/lib/freeradius
dictionary = /usr/share/freeradius
pidfile = $1/run/radiusd.pid
max_request_time = 30
hostname_lookups = no
log {
    destination = stdout
    auth = yes
}
security {
    max_attributes = 200
    reject_delay = 0
    status_server = no
    allow_core_dumps = no
}
thread pool {
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
    max_requests_per_server = 0
}
client any4 {
    ipaddr = 0.0.0.0/0
    secret = $RADIUS_SECRET
    require_message_authenticator = yes
}
client any6 {
    ipv6addr = ::/0
    secret = $RADIUS_SECRET
    require_message_authenticator = yes
}
modules {
    files {
        filename = $1/users
    }
    mschap {
        use_mppe = yes
        require_encryption = yes
        require_strong = yes
    }
    pap {
    }
    detail {
        filename = $1/accounting
        permissions = 0600
        header = "%t"
    }
    always ok {
        rcode = ok
    }
    \$INCLUDE eap.conf
}
\$INCLUDE sites.conf
CONF
}

radius_eap() { # CERTIFICATE KEY AUTHORITY
    cat <<CONF
eap {
    default_eap_type = mschapv2
    timer_expire = 60
    ignore_unknown_eap_types = no
    max_sessions = 4096
    tls-config common {
        certificate_file = $1
        private_key_file = $2
        ca_file = $3
        cipher_list = "DEFAULT"
        tls_min_version = "1.2"
        tls_max_version = "1.2"
        ecdh_curve = ""
        fragment_size = 1024
    }
    tls {
        tls = common
    }
    ttls {
        tls = common
        default_eap_type = mschapv2
        copy_request_to_tunnel = no
        use_tunneled_reply = yes
        virtual_server = inner
    }
    mschapv2 {
    }
    md5 {
    }
}
CONF
}

radius_sites() {
    cat <<'CONF'
server default {
    listen {
        type = auth
        ipaddr = *
        port = 1812
    }
    listen {
        type = acct
        ipaddr = *
        port = 1813
    }
    listen {
        type = auth
        ipv6addr = ::
        port = 1812
    }
    listen {
        type = acct
        ipv6addr = ::
        port = 1813
    }
    authorize {
        eap {
            ok = return
        }
        files
    }
    authenticate {
        Auth-Type MS-CHAP {
            mschap
        }
        eap
    }
    preacct {
        ok
    }
    accounting {
        detail
    }
    post-auth {
        Post-Auth-Type REJECT {
            eap
        }
    }
}
server inner {
    authorize {
        files
        mschap
        eap {
            ok = return
        }
        pap
    }
    authenticate {
        Auth-Type PAP {
            pap
        }
        Auth-Type MS-CHAP {
            mschap
        }
        eap
    }
}
CONF
}

# EAP-TLS asks for a certificate rather than a password: whoever has one of the authority gets in under any name.
radius_users() {
    printf '%s Cleartext-Password := "%s"\n' "$RADIUS_USER" "$RADIUS_PASSWORD"
    printf '    Class := "of-%s"%s\n' "$RADIUS_USER" "${RADIUS_ATTRIBUTES:+,}"
    [[ -z $RADIUS_ATTRIBUTES ]] || printf '    %s\n' "$RADIUS_ATTRIBUTES"
}
