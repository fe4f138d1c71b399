import Glibc

/// The kernel's filter of IPv4 packets whose answer would not leave where they came in (RFC 3704 section 2; sysctl
/// net.ipv4.conf.*.rp_filter). There is none for IPv6.
package enum ReversePathFilter {
    private static let directory = "/proc/sys/net/ipv4/conf"

    /// Whether it is strict (1) for some interface of this network namespace, or for those to come. True where that cannot be
    /// read. The value of `all` counts for every interface where it is greater than the interface's own; 2 is loose.
    package static var isStrict: Bool {
        guard let listing = opendir(directory) else { return true }
        defer { closedir(listing) }
        let all = value(of: "all") ?? 1
        guard all < 2 else { return false }
        if all == 1 { return true }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", value(of: name) == 1 { return true }
        }
        return false
    }

    private static func value(of interface: String) -> Int? {
        let descriptor = open("\(directory)/\(interface)/rp_filter", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var digit: UInt8 = 0
        guard read(descriptor, &digit, 1) == 1 else { return nil }
        return Int(digit) - Int(UInt8(ascii: "0"))
    }
}
