# The Debian package: its file tree and its archive. Sourced; needs base.sh, and IKED and IKECTL of toolchain_programs.

DEBIAN_PACKAGES=(dpkg-dev binutils gzip)
# For checking what is in it and trying it.
DEBIAN_TEST_PACKAGES=(mmdebstrap mandoc systemd fish zsh prometheus curl jq python3 iproute2 procps)

# The release that the programs say they are.
debian_version() {
    sed -n 's/.*static let version = "\(.*\)"/\1/p' "$ROOT/Sources/VICI/Software.swift"
}

debian_program() { # FILE PLACE
    install -D --mode=755 "$1" "$2"
    strip --strip-unneeded "$2"
}

debian_manual() { # FILE TREE
    local section=${1##*.} place
    place=$2/usr/share/man/man$section/${1##*/}.gz
    mkdir -p "${place%/*}"
    gzip --best --no-name <"$1" >"$place"
    chmod 644 "$place"
}

# Everything that the package holds, below a directory.
debian_tree() { # TREE VERSION
    local tree=$1 version=$2 page script documents=$1/usr/share/doc/iked
    debian_program "$IKED" "$tree/usr/sbin/iked"
    debian_program "$IKECTL" "$tree/usr/bin/ikectl"
    for page in "$ROOT"/etc/man/*.[58]; do debian_manual "$page" "$tree"; done
    install -D --mode=644 "$ROOT/etc/systemd/iked.service" "$tree/lib/systemd/system/iked.service"
    install -D --mode=644 "$ROOT/etc/systemd/iked.sysusers" "$tree/usr/lib/sysusers.d/iked.conf"
    install -d --mode=750 "$tree/etc/iked" "$tree/etc/iked/conf.d"
    install -D --mode=640 "$ROOT/etc/debian/iked.conf" "$tree/etc/iked/iked.conf"
    install -D --mode=644 "$ROOT/etc/completions/ikectl.bash" "$tree/usr/share/bash-completion/completions/ikectl"
    install -D --mode=644 "$ROOT/etc/completions/_ikectl" "$tree/usr/share/zsh/vendor-completions/_ikectl"
    install -D --mode=644 "$ROOT/etc/completions/ikectl.fish" "$tree/usr/share/fish/vendor_completions.d/ikectl.fish"
    install -D --mode=644 "$ROOT/etc/debian/copyright" "$documents/copyright"
    install -D --mode=644 "$ROOT/etc/iked.conf" "$documents/examples/iked.conf"
    install -d "$tree/DEBIAN"
    for script in postinst prerm postrm; do install --mode=755 "$ROOT/etc/debian/$script" "$tree/DEBIAN/$script"; done
    echo /etc/iked/iked.conf >"$tree/DEBIAN/conffiles"
    debian_control "$tree" "$version" >"$tree/DEBIAN/control"
}

debian_control() { # TREE VERSION
    cat <<CONTROL
Package: iked
Version: $2
Architecture: $(dpkg --print-architecture)
Maintainer: $(git -C "$ROOT" log -1 --format='%an <%ae>')
Installed-Size: $(du --summarize --apparent-size --block-size=1024 --exclude=DEBIAN "$1" | cut -f 1)
Depends: $(debian_libraries "$1"), adduser, init-system-helpers (>= 1.52)
Recommends: systemd
Conflicts: openiked
Section: net
Priority: optional
Description: IKEv2 VPN daemon with ESP in user space
 iked negotiates IPsec tunnels with IKEv2 and carries their packets itself, between
 a TUN device and UDP or raw IP. It reads the configuration language of strongSwan's
 swanctl and speaks VICI. ikectl shows and steers it.
CONTROL
}

# The packages of the libraries that the programs link, as Debian's own tool finds them.
debian_libraries() { # TREE
    local directory=$WORK/shlibdeps
    mkdir -p "$directory/debian"
    printf 'Source: iked\n\nPackage: iked\nArchitecture: any\nDescription: iked\n' >"$directory/debian/control"
    (cd "$directory" && dpkg-shlibdeps -O "$1/usr/sbin/iked" "$1/usr/bin/ikectl" 2>"$WORK/shlibdeps.log") |
        sed -n 's/^shlibs:Depends=//p'
}

# Builds the archive and leaves its path in DEBIAN_ARCHIVE.
debian_build() { # DIRECTORY VERSION
    local tree=$WORK/tree-$2
    debian_tree "$tree" "$2"
    mkdir -p "$1"
    DEBIAN_ARCHIVE=$1/iked_${2}_$(dpkg --print-architecture).deb
    dpkg-deb --root-owner-group --build "$tree" "$DEBIAN_ARCHIVE" >"$WORK/dpkg-deb.log" 2>&1 ||
        die "dpkg-deb does not build the package ($WORK/dpkg-deb.log)"
    rm -rf "$tree"
}
