import CLinux
import Glibc

/// Takes from the process for good what a network daemon never does once it runs (seccomp(2)): run programs and make
/// processes, look into others, change kernel, clock, mounts, namespaces or identities, open raw sockets.
///
/// What is refused fails with EPERM. Threads, files, sockets of Internet, Unix and netlink work as before. This is a list of
/// what is forbidden rather than of what is allowed, because the C library decides which calls it makes, and a new version
/// of it must not break a daemon; files are the business of the service's sandbox (`ProtectSystem=`).
package enum SystemCallFilter {
    /// Whose system calls are meant.
    package enum Scope: Sendable {
        /// The calling thread, and those that it starts from now on.
        case callingThread
        /// Every thread of the process.
        case process
    }

    /// Installs the filter. It cannot be taken back, and neither can that programs no longer gain privileges
    /// (PR_SET_NO_NEW_PRIVS), which it needs. ENOSYS or EINVAL on a kernel that knows no filters.
    package static func install(_ scope: Scope) throws(Errno) {
        try checked("forbid new privileges") { clinux_forbid_new_privileges() }
        var instructions = Program.forbidding(forbidden).instructions
        let thread = try instructions.withUnsafeMutableBufferPointer { (buffer) throws(Errno) in
            var program = sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
            return try checked("filter system calls") {
                clinux_filter_system_calls(&program, scope == .process ? 1 : 0)
            }
        }
        guard thread == 0 else { throw Errno("filter system calls of thread \(thread)", code: EBUSY) }
    }

    /// The calls that are refused whatever their arguments.
    static let forbidden: [Int32] = programs + otherProcesses + kernel + mounts + identities + olderOnes

    private static let programs = [SYS_execve, SYS_execveat]
    private static let otherProcesses = [
        SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp, SYS_pidfd_getfd,
    ]
    /// Modules, programs in the kernel, what watches or replaces it, the clock, keys; io_uring, which does what it is told
    /// without system calls and so without this filter.
    private static let kernel = [
        SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_bpf,
        SYS_perf_event_open, SYS_syslog, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter,
        SYS_io_uring_register, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_keyctl,
        SYS_add_key, SYS_request_key, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
    ]
    private static let mounts = [
        SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig,
        SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_unshare, SYS_setns, SYS_name_to_handle_at,
        SYS_open_by_handle_at, SYS_mknodat,
    ]
    private static let identities = [
        SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid,
        SYS_setgroups, SYS_capset, SYS_personality, SYS_sethostname, SYS_setdomainname,
    ]

    #if arch(x86_64)
    /// Calls that newer processors' Linux does without.
    private static let olderOnes = [
        SYS_fork, SYS_vfork, SYS_mknod, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs,
        SYS_kexec_file_load,
    ]
    #else
    private static let olderOnes = [SYS_kexec_file_load]
    #endif
}

// MARK: - The program

/// A filter in the kernel's classic BPF: it looks at the call's number and arguments and returns what is to happen.
private struct Program {
    /// Where a test leads.
    enum Target {
        case next
        /// Over so many instructions.
        case skip(Int)
        case allow
        case refuse
        /// As if the kernel did not know the call.
        case deny
    }

    private struct Step {
        let code: UInt16
        let operand: UInt32
        var isTrue = Target.next
        var isFalse = Target.next
    }

    private var steps: [Step] = []

    static func forbidding(_ calls: [Int32]) -> Program {
        var program = Program()
        program.load(offset: architectureOffset)
        program.test(equals: UInt32(bitPattern: Int32(truncatingIfNeeded: architecture)), .next, else: .refuse)
        program.load(offset: 0)
        // The numbers of the x32 interface, a second set for each call.
        program.test(atLeast: 0x4000_0000, .refuse, else: .next)
        // Its flags stand in memory, where a filter cannot look. The C library then takes clone.
        program.test(equals: UInt32(SYS_clone3), .deny, else: .next)
        for call in calls { program.test(equals: UInt32(call), .refuse, else: .next) }
        // A new thread is no new process.
        program.test(equals: UInt32(SYS_clone), .next, else: .skip(2))
        program.load(offset: argumentOffset(0))
        program.test(bits: UInt32(CLONE_THREAD), .allow, else: .refuse)
        program.test(equals: UInt32(SYS_socket), .next, else: .allow)
        program.load(offset: argumentOffset(0))
        program.test(equals: UInt32(AF_UNIX), .allow, else: .next)
        program.test(equals: UInt32(AF_NETLINK), .allow, else: .next)
        program.test(equals: UInt32(AF_INET), .skip(1), else: .next)
        program.test(equals: UInt32(AF_INET6), .next, else: .refuse)
        program.load(offset: argumentOffset(1))
        program.keep(bits: 0xF)
        program.test(equals: SOCK_RAW.rawValue, .refuse, else: .next)
        program.test(equals: SOCK_PACKET.rawValue, .refuse, else: .allow)
        return program
    }

    // `struct seccomp_data`: number, architecture, instruction pointer, six arguments of 64 bits, of which the lower half
    // comes first on the processors that Swift knows.
    private static let architectureOffset: UInt32 = 4
    private static func argumentOffset(_ index: UInt32) -> UInt32 { 16 + 8 * index }
    private static var architecture: Int { Int(CLINUX_AUDIT_ARCHITECTURE) }

    // MARK: Steps

    private mutating func load(offset: UInt32) {
        steps.append(Step(code: UInt16(BPF_LD | BPF_W | BPF_ABS), operand: offset))
    }

    private mutating func keep(bits: UInt32) {
        steps.append(Step(code: UInt16(BPF_ALU | BPF_AND | BPF_K), operand: bits))
    }

    private mutating func test(equals operand: UInt32, _ isTrue: Target, else isFalse: Target) {
        jump(BPF_JEQ, operand, isTrue, isFalse)
    }

    private mutating func test(atLeast operand: UInt32, _ isTrue: Target, else isFalse: Target) {
        jump(BPF_JGE, operand, isTrue, isFalse)
    }

    private mutating func test(bits operand: UInt32, _ isTrue: Target, else isFalse: Target) {
        jump(BPF_JSET, operand, isTrue, isFalse)
    }

    private mutating func jump(_ condition: Int32, _ operand: UInt32, _ isTrue: Target, _ isFalse: Target) {
        let code = UInt16(BPF_JMP | condition | BPF_K)
        steps.append(Step(code: code, operand: operand, isTrue: isTrue, isFalse: isFalse))
    }

    // MARK: Instructions

    /// The steps, and behind them what they lead to.
    var instructions: [sock_filter] {
        let verdicts = [
            SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | UInt32(EPERM), SECCOMP_RET_ERRNO | UInt32(ENOSYS),
        ]
        return steps.enumerated().map { index, step in
            sock_filter(
                code: step.code,
                jt: distance(from: index, to: step.isTrue),
                jf: distance(from: index, to: step.isFalse),
                k: step.operand
            )
        } + verdicts.map { sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: $0) }
    }

    /// Jumps count from the instruction behind theirs.
    private func distance(from index: Int, to target: Target) -> UInt8 {
        let last = steps.count - index - 1
        return switch target {
        case .next: 0
        case .skip(let count): UInt8(clamping: count)
        case .allow: UInt8(clamping: last)
        case .refuse: UInt8(clamping: last + 1)
        case .deny: UInt8(clamping: last + 2)
        }
    }
}
