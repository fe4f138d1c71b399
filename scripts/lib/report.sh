# Progress and verdicts: what every script says, said alike. Sourced.
#
# A script calls `report_as NAME` first. Lines of progress go to standard output, failures to standard error; the last
# line is always the verdict, printed by the workspace when the script ends (see workspace.sh).

SCRIPT=${SCRIPT:-script}

report_as() { SCRIPT=$1; }

# Colours only for a person at a terminal who did not ask for none.
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
else
    BOLD='' GREEN='' RED='' YELLOW='' PLAIN=''
fi

step() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '    %s\n' "$*"; }
warn() { printf '    %swarning:%s %s\n' "$YELLOW" "$PLAIN" "$*"; }

# Ends the script (or the case) with a reason; the verdict repeats it.
die() {
    REASON=$*
    exit 1
}

verdict() { # PASS|FAIL TEXT
    local colour=$GREEN
    [[ $1 == PASS ]] || colour=$RED
    printf '%s%s%s %s: %s\n' "$colour" "$1" "$PLAIN" "$SCRIPT" "$2"
}

# Shows a file indented, at most its last LINES lines.
show_file() { # FILE [LINES]
    [[ -s $1 ]] || return 0
    tail -n "${2:-40}" "$1" | sed 's/^/      | /'
}

# The comment at the head of a script is its manual: printed for --help.
usage() { # SCRIPT-FILE
    sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$1"
}

# Stops where an option that takes a value came last.
require_value() { # OPTION [VALUE...]
    (($# >= 2)) || die "$1 needs a value (see --help)"
}

require_number() { # OPTION [VALUE...]
    require_value "$@"
    [[ $2 =~ ^[0-9]{1,5}$ ]] || die "$1 takes a number (see --help)"
}

require_root() { # WHAT-FOR
    [[ $(id -u) == 0 ]] || die "needs root ($1): run it as root, for example with sudo"
}
