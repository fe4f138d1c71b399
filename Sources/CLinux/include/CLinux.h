// Linux interfaces that Swift cannot import by itself: ioctl numbers, control messages of sockets, function-like
// macros, and what Glibc declares only for _GNU_SOURCE. Every function returns what its system call returns: -1 with
// errno set when it failed. Nothing here keeps state or decides anything.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

// MARK: - TUN devices

/// Attaches an open /dev/net/tun to the device `name` (empty: the kernel picks one) with the IFF_* `flags`.
/// The name that the device has got is written to `assigned`, which holds IFNAMSIZ octets.
int clinux_tun_attach(int fd, const char *name, unsigned short flags, char *assigned);

/// What a device may be asked to leave to us (TUNSETOFFLOAD): checksums, and super-packets of TCP and of UDP. Older headers
/// lack the last.
enum { CLINUX_TUN_CHECKSUM = 0x01, CLINUX_TUN_TCP = 0x02 | 0x04, CLINUX_TUN_UDP = 0x20 | 0x40 };

/// Tells the device of an attached descriptor which super-packets we take and make.
int clinux_tun_set_offloads(int fd, unsigned int offloads);

// MARK: - Batches of datagrams

/// One datagram of a batch: laid out as the kernel's `struct mmsghdr`.
struct clinux_message {
    struct msghdr header;
    unsigned int length;
};

/// The level and the name of the socket option that has the kernel merge received datagrams (UDP_GRO).
enum { CLINUX_SOL_UDP = 17, CLINUX_UDP_GRO = 104 };

/// Receives up to `count` datagrams without waiting; the number received, or -1.
int clinux_receive_messages(int fd, struct clinux_message *messages, unsigned int count);

/// Sends up to `count` datagrams without waiting; the number sent, or -1 when the first one failed.
int clinux_send_messages(int fd, struct clinux_message *messages, unsigned int count);

// MARK: - Control messages

/// Octets of control data that a message needs for the fields of `struct clinux_path`, in either direction.
enum { CLINUX_CONTROL_CAPACITY = 128 };

/// What control messages say about one datagram: the local address that it came to or shall leave from (4 or 16 octets
/// in network order; `address_length` 0 when unknown), the interface (0: any), the octet of DSCP and ECN, and the octets of
/// each of the datagrams that the kernel has merged or shall cut the octets into (0: it is one datagram).
struct clinux_path {
    uint8_t address[16];
    uint8_t address_length;
    uint8_t has_traffic_class;
    uint8_t traffic_class;
    uint16_t segment_size;
    uint32_t interface;
};

/// Reads IP_PKTINFO, IPV6_PKTINFO, IP_TOS, IPV6_TCLASS and UDP_GRO of a received message; an absent field stays zero.
void clinux_read_control(struct msghdr *header, struct clinux_path *path);

/// Writes those of `path`'s fields that are set to `control`, which holds CLINUX_CONTROL_CAPACITY octets and is aligned
/// as a pointer is; returns how many octets are in use.
size_t clinux_write_control(void *control, const struct clinux_path *path);

// MARK: - Threads and privileges

/// Moves the calling thread, and only it, into a new and empty network namespace.
int clinux_unshare_network(void);

/// Names the calling thread as `ps -L` and debuggers show it (at most 15 octets).
int clinux_name_thread(const char *name);

/// Sets an octet for each processor that the calling thread may use: those with a number below `count`.
int clinux_usable_processors(unsigned char *usable, size_t count);

/// Has the calling thread run on one processor only: 0, or what errno would say.
int clinux_pin_thread(unsigned int processor);

/// The effective capabilities of the calling thread, one bit for each CAP_* number.
int clinux_effective_capabilities(uint64_t *capabilities);

/// Gives up all capabilities of the calling thread but those in `kept`; what is permitted of these becomes effective.
int clinux_limit_capabilities(uint64_t kept);

/// From now on the calling thread and those that it starts gain no privilege by running a program.
int clinux_forbid_new_privileges(void);

/// Has a filter decide on the system calls of the calling thread, or with `whole_process` of all threads: 0, -1, or the number of
/// a thread that already has another filter.
int clinux_filter_system_calls(const struct sock_fprog *program, int whole_process);

/// The number of this processor's system calls in `struct seccomp_data`.
#if defined(__x86_64__)
enum { CLINUX_AUDIT_ARCHITECTURE = 0x40000000 | 0x80000000 | 62 };
#elif defined(__aarch64__)
enum { CLINUX_AUDIT_ARCHITECTURE = 0x40000000 | 0x80000000 | 183 };
#endif
