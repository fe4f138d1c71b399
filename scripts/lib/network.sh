# Hosts, links, peers and traffic: what the scripts with network namespaces need on top of base.sh. Sourced.

# shellcheck source=namespaces.sh
source "${BASH_SOURCE[0]%/*}/namespaces.sh"
# shellcheck source=leftovers.sh
source "${BASH_SOURCE[0]%/*}/leftovers.sh"
# shellcheck source=topology.sh
source "${BASH_SOURCE[0]%/*}/topology.sh"
# shellcheck source=traffic.sh
source "${BASH_SOURCE[0]%/*}/traffic.sh"
# shellcheck source=losses.sh
source "${BASH_SOURCE[0]%/*}/losses.sh"
# shellcheck source=peer.sh
source "${BASH_SOURCE[0]%/*}/peer.sh"
# shellcheck source=certificates.sh
source "${BASH_SOURCE[0]%/*}/certificates.sh"
# shellcheck source=radius.sh
source "${BASH_SOURCE[0]%/*}/radius.sh"
# shellcheck source=strongswan.sh
source "${BASH_SOURCE[0]%/*}/strongswan.sh"
# shellcheck source=iked.sh
source "${BASH_SOURCE[0]%/*}/iked.sh"

NETWORK_PACKAGES=(iproute2 iputils-ping iperf3 procps jq openssl tcpdump)
