# Debian packages: what is missing is installed, nothing else is touched. Sourced; needs report.sh and workspace.sh.

PACKAGES_UPDATED=
SERVICES_FORBIDDEN=
POLICY_FILE=/usr/sbin/policy-rc.d

packages_missing() { # PACKAGE...
    local package
    for package in "$@"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            printf '%s\n' "$package"
    done
}

# Installs those of the named packages that are missing.
packages_ensure() { # PACKAGE...
    command -v apt-get >/dev/null ||
        die "this machine has no apt-get; the scripts know Debian and Ubuntu. Needed here: $*"
    local missing
    mapfile -t missing < <(packages_missing "$@")
    ((${#missing[@]})) || return 0
    [[ $(id -u) == 0 ]] ||
        die "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}"
    step "Installing ${missing[*]}"
    packages_forbid_services
    packages_update
    packages_apt install --yes --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install ${missing[*]} ($WORK/apt.log)"
    packages_allow_services
}

packages_update() {
    [[ -z $PACKAGES_UPDATED ]] || return 0
    packages_apt update || die "apt-get update failed ($WORK/apt.log)"
    PACKAGES_UPDATED=yes
}

packages_apt() {
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get --quiet --option DPkg::Lock::Timeout=120 "$@" \
        >>"$WORK/apt.log" 2>&1 </dev/null || {
        show_file "$WORK/apt.log" 15
        return 1
    }
}

# A package that brings a daemon would start it; a policy that says no (101) keeps it quiet while we install.
packages_forbid_services() {
    if [[ -e $POLICY_FILE ]]; then
        mv "$POLICY_FILE" "$POLICY_FILE.before-swift-ike"
    fi
    SERVICES_FORBIDDEN=yes
    at_exit packages_allow_services
    printf '#!/bin/sh\nexit 101\n' >"$POLICY_FILE"
    chmod 755 "$POLICY_FILE"
}

packages_allow_services() {
    [[ -n $SERVICES_FORBIDDEN ]] || return 0
    SERVICES_FORBIDDEN=
    if [[ -e $POLICY_FILE.before-swift-ike ]]; then
        mv "$POLICY_FILE.before-swift-ike" "$POLICY_FILE"
    else
        rm -f "$POLICY_FILE"
    fi
}
