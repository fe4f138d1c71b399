import CLinux
import Glibc
import Inet

/// One message from the kernel: type, flags and the octets behind the header.
struct NetlinkReply {
    let type: Int
    let flags: Int
    let sequence: UInt32
    let payload: ArraySlice<UInt8>

    /// Splits what one receive call has brought. A message whose length is impossible ends the list.
    static func split(_ datagram: ArraySlice<UInt8>) -> [NetlinkReply] {
        let headerLength = MemoryLayout<nlmsghdr>.size
        var rest = datagram
        var replies: [NetlinkReply] = []
        while rest.count >= headerLength, let length = rest.number(at: 0, as: UInt32.self),
            length >= headerLength, length <= rest.count,
            let type = rest.number(at: 4, as: UInt16.self), let flags = rest.number(at: 6, as: UInt16.self),
            let sequence = rest.number(at: 8, as: UInt32.self)
        {
            replies.append(
                NetlinkReply(
                    type: Int(type),
                    flags: Int(flags),
                    sequence: sequence,
                    payload: rest.prefix(Int(length)).dropFirst(headerLength)
                )
            )
            rest = rest.dropFirst(aligned(Int(length)))
        }
        return replies
    }

    /// The attributes behind a fixed part of `offset` octets, by type. The last of equal types wins, as in the kernel.
    func attributes(after offset: Int) -> NetlinkAttributes {
        NetlinkAttributes(payload.dropFirst(Self.aligned(offset)))
    }

    static func aligned(_ length: Int) -> Int { (length + 3) & ~3 }
}

/// Attributes of a message, or those nested in one.
struct NetlinkAttributes {
    private var values: [Int: ArraySlice<UInt8>] = [:]

    init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let length = rest.number(at: 0, as: UInt16.self), length >= 4, length <= rest.count,
            let type = rest.number(at: 2, as: UInt16.self)
        {
            // The two upper bits say "nested" and "network byte order".
            values[Int(type & 0x3fff)] = rest.prefix(Int(length)).dropFirst(4)
            rest = rest.dropFirst(NetlinkReply.aligned(Int(length)))
        }
    }

    func bytes(_ type: Int) -> ArraySlice<UInt8>? { values[type] }
    func contains(_ type: Int) -> Bool { values[type] != nil }
    func uint32(_ type: Int) -> UInt32? { values[type]?.number(at: 0, as: UInt32.self) }
    func uint8(_ type: Int) -> UInt8? { values[type]?.first }
    func address(_ type: Int) -> IPAddress? { values[type].flatMap { IPAddress(bytes: $0) } }
    func nested(_ type: Int) -> NetlinkAttributes? { values[type].map { NetlinkAttributes($0) } }

    /// A text that ends at its first zero.
    func text(_ type: Int) -> String? {
        values[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension ArraySlice<UInt8> {
    /// The number in host byte order `offset` octets behind the start; nil if it does not lie within.
    func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, count >= size, offset <= count - size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    /// A structure of the kernel's headers that lies at the start; nil if the octets do not reach.
    func structure<Structure: BitwiseCopyable>(_ type: Structure.Type) -> Structure? {
        guard count >= MemoryLayout<Structure>.size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(as: type) }
    }
}
