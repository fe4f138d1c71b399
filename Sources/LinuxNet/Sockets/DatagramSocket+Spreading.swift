import CLinux
import Glibc
import Inet

// Several sockets for one address, each read by a thread of its own. A peer's packets all have the same addresses and ports, by
// which the kernel would give them to one socket; so a filter looks at the SPI. What belongs to one SA then comes to one
// socket, in its order, and the SAs of one peer to several.

extension DatagramSocket {
    /// Gives each ESP packet in UDP to one of the sockets that share this one's address: that whose number, in the order of
    /// binding, is the SPI modulo `count`. What is no ESP comes to the first: IKE, whose non-ESP marker reads as 0, and
    /// keepalives. To be called for one of the sockets.
    package func spreadBySPI(over count: Int) throws(Errno) {
        let program = [
            // A datagram that is too short for this comes to the first socket, too.
            sock_filter(load: BPF_ABS, offset: 0),
            sock_filter(code: UInt16(BPF_ALU | BPF_MOD | BPF_K), jt: 0, jf: 0, k: UInt32(clamping: max(1, count))),
            sock_filter(code: UInt16(BPF_RET | BPF_A), jt: 0, jf: 0, k: 0),
        ]
        try attach(program, SO_ATTACH_REUSEPORT_CBPF, "SO_ATTACH_REUSEPORT_CBPF")
    }

    /// Has this raw socket take no ESP packets but those whose SPI modulo `count` is `number`: every raw socket gets all.
    package func takeSPIs(_ number: Int, of count: Int) throws(Errno) {
        let start: [sock_filter] =
            switch family {
            // Behind the IP header, whose length its first octet has.
            case .v4:
                [
                    sock_filter(code: UInt16(BPF_LDX | BPF_B | BPF_MSH), jt: 0, jf: 0, k: 0),
                    sock_filter(load: BPF_IND, offset: 0),
                ]
            case .v6: [sock_filter(load: BPF_ABS, offset: 0)]
            }
        let choice = [
            sock_filter(code: UInt16(BPF_ALU | BPF_MOD | BPF_K), jt: 0, jf: 0, k: UInt32(clamping: max(1, count))),
            sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: 0, jf: 1, k: UInt32(clamping: number)),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: .max),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
        ]
        try attach(start + choice, SO_ATTACH_FILTER, "SO_ATTACH_FILTER")
    }

    private func attach(_ instructions: [sock_filter], _ option: Int32, _ name: String) throws(Errno) {
        let raw = raw
        var instructions = instructions
        try instructions.withUnsafeMutableBufferPointer { (buffer) throws(Errno) in
            var program = sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
            try checked("set socket option \(name)") {
                setsockopt(raw, SOL_SOCKET, option, &program, socklen_t(MemoryLayout<sock_fprog>.size))
            }
        }
    }
}

extension sock_filter {
    /// Loads four octets, the most significant first.
    fileprivate init(load mode: Int32, offset: UInt32) {
        self.init(code: UInt16(BPF_LD | BPF_W | mode), jt: 0, jf: 0, k: offset)
    }
}
