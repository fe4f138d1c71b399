// Linux interfaces that Swift cannot import by itself: ioctl numbers, control messages of sockets, function-like
// macros, and what Glibc declares only for _GNU_SOURCE. Every function returns what its system call returns: -1 with
// errno set when it failed. Nothing here keeps state or decides anything.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

// MARK: - TUN devices

/// Attaches an open /dev/net/tun to the device `name` (empty: the kernel picks one) with the IFF_* `flags`.
/// The name that the device has got is written to `assigned`, which holds IFNAMSIZ octets.
int clinux_tun_attach(int fd, const char *name, unsigned short flags, char *assigned);

// MARK: - Batches of datagrams

/// One datagram of a batch: laid out as the kernel's `struct mmsghdr`.
struct clinux_message {
    struct msghdr header;
    unsigned int length;
};

/// Receives up to `count` datagrams without waiting; the number received, or -1.
int clinux_receive_messages(int fd, struct clinux_message *messages, unsigned int count);

/// Sends up to `count` datagrams without waiting; the number sent, or -1 when the first one failed.
int clinux_send_messages(int fd, struct clinux_message *messages, unsigned int count);

// MARK: - Control messages

/// Octets of control data that a message needs for the fields of `struct clinux_path`, in either direction.
enum { CLINUX_CONTROL_CAPACITY = 96 };

/// What control messages say about one datagram: the local address that it came to or shall leave from (4 or 16 octets
/// in network order; `address_length` 0 when unknown), the interface (0: any), and the octet of DSCP and ECN.
struct clinux_path {
    uint8_t address[16];
    uint8_t address_length;
    uint8_t has_traffic_class;
    uint8_t traffic_class;
    uint32_t interface;
};

/// Reads IP_PKTINFO, IPV6_PKTINFO, IP_TOS and IPV6_TCLASS of a received message; an absent field stays zero.
void clinux_read_control(struct msghdr *header, struct clinux_path *path);

/// Writes those of `path`'s fields that are set to `control`, which holds CLINUX_CONTROL_CAPACITY octets and is aligned
/// as a pointer is; returns how many octets are in use.
size_t clinux_write_control(void *control, const struct clinux_path *path);

// MARK: - Threads and privileges

/// Moves the calling thread, and only it, into a new and empty network namespace.
int clinux_unshare_network(void);

/// Names the calling thread as `ps -L` and debuggers show it (at most 15 octets).
int clinux_name_thread(const char *name);

/// The effective capabilities of the calling thread, one bit for each CAP_* number.
int clinux_effective_capabilities(uint64_t *capabilities);
