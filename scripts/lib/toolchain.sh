# The Swift toolchain and what it builds. Sourced; needs report.sh and workspace.sh.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
RELEASE=(--configuration release --static-swift-stdlib)
BUILD_PACKAGES=(libssl-dev pkg-config libc6-dev linux-libc-dev)

# Where the programs under test are; set by toolchain_programs.
IKED=
IKECTL=

toolchain_require() {
    local where='https://www.swift.org/install' version
    command -v swift >/dev/null ||
        die "the Swift toolchain is missing: install Swift 6.2 or newer from $where and put it in PATH"
    version=$(timeout 60 swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [[ -n $version ]] || die "'swift --version' does not work; a toolchain is found at $where"
    printf '%s\n6.2\n' "$version" | sort --version-sort --check=quiet --reverse ||
        die "Swift $version is too old: 6.2 or newer is found at $where"
    note "Swift $version"
}

# Builds and refuses warnings, also the linker's, which no compiler setting turns into errors; but for those about the toolchain's
# own Foundation, which the simulator links.
toolchain_build() { # LOG-NAME SWIFT-BUILD-ARGUMENT...
    local log=$WORK/$1.log
    shift
    if ! bounded 1500 swift build --package-path "$ROOT" "$@" >"$log" 2>&1; then
        grep -E 'error:' "$log" | sort -u | head -n 20 | sed 's/^/      | /' || show_file "$log" 20
        note "swift build $* failed; the whole log: $log"
        return 1
    fi
    if grep -E '(^|[^a-z])warning:' "$log" | grep -vF '/libFoundation' | sort -u | head -n 20 | sed 's/^/      | /' | grep .; then
        note "swift build $* has warnings; the whole log: $log"
        return 1
    fi
}

# Where the release programs are once they are built.
toolchain_directory() {
    swift build --package-path "$ROOT" "${RELEASE[@]}" --show-bin-path
}

# The release programs: built here, as they are shipped, or taken from the directory that IKE_PROGRAMS names.
toolchain_programs() {
    local directory=${IKE_PROGRAMS:-}
    if [[ -z $directory ]]; then
        toolchain_require
        packages_ensure "${BUILD_PACKAGES[@]}"
        step "Building iked and ikectl (release)"
        toolchain_build build-iked "${RELEASE[@]}" --product iked || die "iked does not build"
        toolchain_build build-ikectl "${RELEASE[@]}" --product ikectl || die "ikectl does not build"
        directory=$(toolchain_directory)
    fi
    IKED=$directory/iked IKECTL=$directory/ikectl
    [[ -x $IKED && -x $IKECTL ]] || die "no iked and ikectl in $directory"
}
