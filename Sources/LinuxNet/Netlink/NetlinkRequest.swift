import CLinux
import Glibc
import Inet

/// A request to the kernel under construction: header, fixed part, attributes (netlink(7)); host byte order, addresses
/// in network order.
struct NetlinkRequest {
    /// The operation for error messages: "add route 10.0.0.0/8".
    let operation: String
    private let flags: UInt16
    private var bytes: [UInt8]

    /// `type` is an RTM_* number, `flags` are NLM_F_* beyond the request flag, `body` the fixed part of that type.
    init(_ operation: String, type: Int, flags: Int32 = 0, body: NetlinkBody) {
        self.operation = operation
        self.flags = UInt16(truncatingIfNeeded: Int32(NLM_F_REQUEST) | flags)
        bytes = [UInt8](repeating: 0, count: MemoryLayout<nlmsghdr>.size)
        Self.put(UInt16(truncatingIfNeeded: type), at: 4, in: &bytes)
        bytes += body.bytes
    }

    /// Appends an attribute with these octets, padded to the alignment of four.
    mutating func append(_ type: Int, _ value: [UInt8]) {
        let length = UInt16(truncatingIfNeeded: 4 + value.count)
        bytes += Self.octets(length) + Self.octets(UInt16(truncatingIfNeeded: type)) + value
        bytes += [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }

    mutating func append(_ type: Int, _ value: UInt32) { append(type, Self.octets(value)) }

    mutating func append(_ type: Int, _ address: IPAddress) { append(type, address.bytes) }

    /// An attribute whose value is attributes.
    mutating func append(_ type: Int, nested: (type: Int, value: UInt32)) {
        append(
            type,
            Self.octets(UInt16(8)) + Self.octets(UInt16(truncatingIfNeeded: nested.type)) + Self.octets(nested.value)
        )
    }

    /// The finished message: its length, the NLM_F_* flags of the way it is asked, and a sequence number that tells its
    /// answers from others.
    func finished(sequence: UInt32, extraFlags: UInt16) -> [UInt8] {
        var message = bytes
        Self.put(flags | extraFlags, at: 6, in: &message)
        Self.put(UInt32(truncatingIfNeeded: message.count), at: 0, in: &message)
        Self.put(sequence, at: 8, in: &message)
        return message
    }

    private static func octets<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    private static func put<Number: FixedWidthInteger>(_ number: Number, at offset: Int, in bytes: inout [UInt8]) {
        bytes.replaceSubrange(offset..<(offset + MemoryLayout<Number>.size), with: octets(number))
    }
}

/// The fixed part between the header and the attributes, whose shape depends on the type of the message.
struct NetlinkBody {
    let bytes: [UInt8]

    /// A structure of the kernel's headers as it lies in memory.
    init<Structure>(_ structure: Structure) {
        bytes = withUnsafeBytes(of: structure) { Array($0) }
    }
}
