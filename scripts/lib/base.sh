# What every script needs: words, a workspace, packages, processes, the toolchain. Sourced.

# shellcheck source=report.sh
source "${BASH_SOURCE[0]%/*}/report.sh"
# shellcheck source=workspace.sh
source "${BASH_SOURCE[0]%/*}/workspace.sh"
# shellcheck source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source=processes.sh
source "${BASH_SOURCE[0]%/*}/processes.sh"
# shellcheck source=toolchain.sh
source "${BASH_SOURCE[0]%/*}/toolchain.sh"
