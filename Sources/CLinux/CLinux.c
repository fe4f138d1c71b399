#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <netinet/udp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct clinux_message) == sizeof(struct mmsghdr), "a message is laid out as the kernel's");
_Static_assert(offsetof(struct clinux_message, length) == offsetof(struct mmsghdr, msg_len), "its length likewise");
_Static_assert(
    CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))
        <= CLINUX_CONTROL_CAPACITY,
    "both address families, a traffic class and a segment size fit");

int clinux_tun_attach(int fd, const char *name, unsigned short flags, char *assigned) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = (short)flags;
    int result = ioctl(fd, TUNSETIFF, &request);
    memcpy(assigned, request.ifr_name, IFNAMSIZ);
    assigned[IFNAMSIZ - 1] = 0;
    return result;
}

int clinux_tun_set_offloads(int fd, unsigned int offloads) {
    return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads);
}

int clinux_receive_messages(int fd, struct clinux_message *messages, unsigned int count) {
    return recvmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT, NULL);
}

int clinux_send_messages(int fd, struct clinux_message *messages, unsigned int count) {
    return sendmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void clinux_read_control(struct msghdr *header, struct clinux_path *path) {
    memset(path, 0, sizeof *path);
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR(header, item)) {
        size_t length = item->cmsg_len - CMSG_LEN(0);
        const unsigned char *data = CMSG_DATA(item);
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            if (length < sizeof info) continue;
            memcpy(&info, data, sizeof info);
            // ipi_addr is the destination in the header; ipi_spec_dst would be the host's choice for a broadcast.
            memcpy(path->address, &info.ipi_addr, 4);
            path->address_length = 4;
            path->interface = (uint32_t)info.ipi_ifindex;
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            if (length < sizeof info) continue;
            memcpy(&info, data, sizeof info);
            memcpy(path->address, &info.ipi6_addr, 16);
            path->address_length = 16;
            path->interface = info.ipi6_ifindex;
        } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TOS) {
            if (length < 1) continue;
            path->traffic_class = data[0];
            path->has_traffic_class = 1;
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_TCLASS) {
            int value;
            if (length < sizeof value) continue;
            memcpy(&value, data, sizeof value);
            path->traffic_class = (uint8_t)value;
            path->has_traffic_class = 1;
        } else if (item->cmsg_level == SOL_UDP && item->cmsg_type == UDP_GRO) {
            int value;
            if (length < sizeof value) continue;
            memcpy(&value, data, sizeof value);
            if (value > 0 && value <= UINT16_MAX) path->segment_size = (uint16_t)value;
        }
    }
}

/// Puts one control message at `control + offset` and returns the offset of the next.
static size_t put(void *control, size_t offset, int level, int type, const void *data, size_t length) {
    struct cmsghdr *item = (struct cmsghdr *)((char *)control + offset);
    memset(item, 0, CMSG_SPACE(length));
    item->cmsg_level = level;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(item), data, length);
    return offset + CMSG_SPACE(length);
}

size_t clinux_write_control(void *control, const struct clinux_path *path) {
    size_t used = 0;
    int is_v6 = path->address_length == 16;
    if (path->address_length == 4) {
        struct in_pktinfo info;
        memset(&info, 0, sizeof info);
        memcpy(&info.ipi_spec_dst, path->address, 4);
        info.ipi_ifindex = (int)path->interface;
        used = put(control, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else if (is_v6) {
        struct in6_pktinfo info;
        memset(&info, 0, sizeof info);
        memcpy(&info.ipi6_addr, path->address, 16);
        info.ipi6_ifindex = path->interface;
        used = put(control, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    if (path->has_traffic_class) {
        int value = path->traffic_class;
        used = put(
            control, used, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_TCLASS : IP_TOS, &value, sizeof value);
    }
    if (path->segment_size) {
        uint16_t value = path->segment_size;
        used = put(control, used, SOL_UDP, UDP_SEGMENT, &value, sizeof value);
    }
    return used;
}

int clinux_unshare_network(void) {
    return unshare(CLONE_NEWNET);
}

int clinux_usable_processors(unsigned char *usable, size_t count) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0) return -1;
    for (size_t index = 0; index < count; index++) usable[index] = index < CPU_SETSIZE && CPU_ISSET(index, &set);
    return 0;
}

int clinux_pin_thread(unsigned int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (processor >= CPU_SETSIZE) return EINVAL;
    CPU_SET(processor, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

int clinux_name_thread(const char *name) {
    char shortened[16];
    strncpy(shortened, name, sizeof shortened - 1);
    shortened[sizeof shortened - 1] = 0;
    return pthread_setname_np(pthread_self(), shortened);
}

int clinux_effective_capabilities(uint64_t *capabilities) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    *capabilities = (uint64_t)data[1].effective << 32 | data[0].effective;
    return 0;
}

int clinux_limit_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
        data[word].permitted &= (uint32_t)(kept >> (32 * word));
        data[word].effective = data[word].permitted;
        data[word].inheritable = 0;
    }
    return (int)syscall(SYS_capset, &header, data);
}

int clinux_forbid_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int clinux_filter_system_calls(const struct sock_fprog *program, int whole_process) {
    // Nobody else's code runs here, so kernels before 5.16 need not slow the processor's speculation down for it.
    unsigned int flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | (whole_process ? SECCOMP_FILTER_FLAG_TSYNC : 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}
