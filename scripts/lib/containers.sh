# The container engine of the tests: podman with a store and a network of its own. Sourced; needs base.sh, namespaces.sh.
#
# Nothing of it touches the machine: images, settings and state are in the run's directory, bridges and cables in a
# namespace. There is no registry; an image is what `engine_import` makes of a directory.

CONTAINER_PACKAGES=(podman runc netavark iptables iproute2 busybox-static libcap2-bin binutils python3 python3-venv jq)
COMPOSE_VERSION=1.6.0 # of podman-compose; Debian 12's knows neither fixed addresses nor how to remove its networks
ENGINE_HOST=engine    # the namespace that the engine lives in

engine_open() {
    local files
    files=$(ulimit -Hn)
    # Limits above our own would need CAP_SYS_RESOURCE, which a machine that is a container itself may lack.
    [[ $files != unlimited ]] && ((files <= 65536)) || files=65536
    export CONTAINERS_CONF=$WORK/containers.conf CONTAINERS_STORAGE_CONF=$WORK/storage.conf
    export TMPDIR=$WORK/tmp # where podman builds
    mkdir -p "$TMPDIR"
    cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$WORK/engine-tmp"
[network]
network_backend = "netavark"
network_config_dir = "$WORK/networks"
CONF
    cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "$(grep -qw overlay /proc/filesystems && echo overlay || echo vfs)"
graphroot = "$WORK/store"
runroot = "$WORK/run"
CONF
    [[ -c /dev/net/tun ]] || { mkdir -p /dev/net && mknod --mode=666 /dev/net/tun c 10 200; }
    host_add "$ENGINE_HOST"
    at_exit engine_close
}

# Not `ip netns exec`, which hides the control groups behind a /sys of its own.
in_engine() { # COMMAND...
    nsenter --net="/run/netns/$(namespace_of "$ENGINE_HOST")" "$@"
}

engine_close() {
    {
        in_engine podman rm --all --force --volumes --time 0
        in_engine podman network prune --force
        podman rmi --all --force
    } >>"$WORK/engine.log" 2>&1
    ! mountpoint --quiet "$WORK/store/overlay" || umount "$WORK/store/overlay"
}

# An image of a directory, under the name that a Dockerfile or a compose file looks for.
engine_import() { # DIRECTORY NAME
    tar --create --xattrs --xattrs-include='*' --directory "$1" . | podman import --quiet - "$2" >>"$WORK/engine.log" 2>&1 ||
        die "podman does not import $2 ($WORK/engine.log)"
}

# Whether this machine can run a container at all; why not is in the log.
engine_works() {
    podman run --rm --network none "$1" true >>"$WORK/engine.log" 2>&1
}

compose() { # COMPOSE-ARGUMENT...
    in_engine "$WORK/compose/bin/podman-compose" --file "$ROOT/etc/containers/compose.yaml" --project-name ike "$@"
}

compose_ensure() {
    python3 -m venv "$WORK/compose" &&
        bounded 120 "$WORK/compose/bin/pip" install --quiet --disable-pip-version-check \
            "podman-compose==$COMPOSE_VERSION" >"$WORK/compose.log" 2>&1 && return
    show_file "$WORK/compose.log" 10
    die "podman-compose $COMPOSE_VERSION cannot be had from the Python package index"
}

# A command inside of a container of the compose file.
in_container() { # SERVICE COMMAND...
    local service=$1
    shift
    in_engine podman exec "ike_${service}_1" "$@"
}
