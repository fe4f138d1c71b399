import CLinux
import Glibc

/// A conversation with the kernel's routing (rtnetlink(7)): links, addresses, routes and rules.
///
/// Every call waits for the kernel's answer, which comes from the same machine at once. One thread at a time.
package struct Netlink: ~Copyable {
    private let descriptor: FileDescriptor
    private var sequence: UInt32 = 0
    /// A dump that was changed while it ran is asked for again so many times.
    private static let dumpAttempts = 8

    /// Opens a socket in the network namespace of the calling thread.
    package init() throws(Errno) {
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = try checked("open netlink socket") { socket(AF_NETLINK, kind, NETLINK_ROUTE) }
        let descriptor = FileDescriptor(adopting: raw)
        // Reasons in words, errors without a copy of the request, and dumps that honour their filters: each is an
        // improvement that an old kernel may lack.
        for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
            try? descriptor.setOption(SOL_NETLINK, option, 1, "netlink")
        }
        self.descriptor = descriptor
    }

    /// Asks for a change and waits for its acknowledgement.
    mutating func change(_ request: NetlinkRequest) throws(Errno) {
        _ = try exchange(request, extraFlags: UInt16(NLM_F_ACK))
    }

    /// Asks for one object.
    mutating func query(_ request: NetlinkRequest) throws(Errno) -> NetlinkReply {
        guard let reply = try exchange(request, extraFlags: UInt16(NLM_F_ACK)).first else {
            throw Errno(request.operation, code: ENOMSG)
        }
        return reply
    }

    /// Asks for all objects of a kind.
    mutating func dump(_ request: NetlinkRequest) throws(Errno) -> [NetlinkReply] {
        for _ in 0..<Self.dumpAttempts {
            let replies = try exchange(request, extraFlags: UInt16(NLM_F_DUMP))
            if !replies.contains(where: { $0.flags & Int(NLM_F_DUMP_INTR) != 0 }) { return replies }
        }
        throw Errno(request.operation, code: EAGAIN, advice: "the routing changes faster than it can be read")
    }

    // MARK: - Messages

    /// Sends a request and collects its replies until the acknowledgement, the end of the dump, or an error.
    private mutating func exchange(_ request: NetlinkRequest, extraFlags: UInt16) throws(Errno) -> [NetlinkReply] {
        sequence &+= 1
        try send(request.finished(sequence: sequence, extraFlags: extraFlags), request.operation)
        var replies: [NetlinkReply] = []
        while true {
            for reply in NetlinkReply.split(try receive(request.operation)) where reply.sequence == sequence {
                switch reply.type {
                case Int(NLMSG_ERROR):
                    try Self.check(reply, request.operation)
                    return replies
                case Int(NLMSG_DONE):
                    return replies
                default:
                    replies.append(reply)
                }
            }
        }
    }

    private func send(_ message: [UInt8], _ operation: String) throws(Errno) {
        var kernel = sockaddr_nl()
        kernel.nl_family = sa_family_t(AF_NETLINK)
        let raw = descriptor.raw
        try checked(operation) {
            withUnsafePointer(to: &kernel) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(raw, message, message.count, 0, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
        }
    }

    /// One datagram; the kernel makes them at most 32 KiB.
    private func receive(_ operation: String) throws(Errno) -> ArraySlice<UInt8> {
        let raw = descriptor.raw
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = try checked(operation) { recv(raw, &buffer, buffer.count, 0) }
        return buffer.prefix(count)
    }

    /// Throws the error that an acknowledgement carries; code 0 is success.
    private static func check(_ reply: NetlinkReply, _ operation: String) throws(Errno) {
        guard let code = reply.payload.number(at: 0, as: Int32.self) else { throw Errno(operation, code: EBADMSG) }
        if code == 0 { return }
        var reason: String?
        if reply.flags & Int(NLM_F_ACK_TLVS) != 0 {
            let requestLength = reply.payload.number(at: 4, as: UInt32.self).map(Int.init) ?? 0
            let header = MemoryLayout<nlmsghdr>.size
            let copied = reply.flags & Int(NLM_F_CAPPED) != 0 ? header : max(header, requestLength)
            reason = reply.attributes(after: 4 + copied).text(Int(NLMSGERR_ATTR_MSG.rawValue)).map {
                "the kernel says: \($0)"
            }
        }
        if -code == EPERM, reason == nil {
            reason = "CAP_NET_ADMIN is missing: run as root or give the service or container this capability"
        }
        throw Errno(operation, code: 0 &- code, advice: reason)
    }
}
