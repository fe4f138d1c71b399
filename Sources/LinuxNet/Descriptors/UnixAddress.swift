import Glibc

/// The socket address of a path, or behind `@` of a name in the abstract namespace (unix(7)). The kernel takes 107 octets and
/// a zero.
func withUnixAddress(
    _ path: String,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Void
) throws(Errno) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var octets = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard octets.count < capacity else {
        throw Errno("socket path \(path)", code: ENAMETOOLONG, advice: "use a path of at most \(capacity - 1) octets")
    }
    let isAbstract = octets.first == UInt8(ascii: "@")
    if isAbstract { octets[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
    // A path ends with its zero; of a name every octet counts.
    let length = isAbstract ? MemoryLayout<sa_family_t>.size + octets.count : MemoryLayout<sockaddr_un>.size
    try withUnsafePointer(to: &address) { (pointer) throws(Errno) in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { (generic) throws(Errno) in
            try body(generic, socklen_t(length))
        }
    }
}
