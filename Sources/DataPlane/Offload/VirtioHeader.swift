/// What stands in front of every packet that a TUN device with offloads yields or takes: `struct virtio_net_hdr` of Linux,
/// 10 octets in the machine's byte order.
///
/// It says whether the transport checksum is still to be computed, and whether the packet is a super-packet: many segments of
/// one TCP connection, or datagrams of one UDP flow, under one header.
package struct VirtioHeader: Equatable {
    package static let length = 10

    /// What kind of super-packet it is.
    package enum Segmentation: UInt8 {
        case none = 0
        case tcpV4 = 1
        case tcpV6 = 4
        /// UDP over either family (USO).
        case udp = 5
    }

    /// The checksum field holds the sum over the pseudo-header only.
    package var needsChecksum = false
    package var segmentation = Segmentation.none
    /// Octets of all headers, as far as the kernel tells; it may count the whole first packet in.
    package var headerLength: UInt16 = 0
    /// Octets of payload in each segment but the last.
    package var segmentSize: UInt16 = 0
    /// Where the sum begins: octets of the IP headers.
    package var checksumStart: UInt16 = 0
    /// Where the checksum stands behind `checksumStart`.
    package var checksumOffset: UInt16 = 0

    package init(
        needsChecksum: Bool = false,
        segmentation: Segmentation = .none,
        headerLength: UInt16 = 0,
        segmentSize: UInt16 = 0,
        checksumStart: UInt16 = 0,
        checksumOffset: UInt16 = 0
    ) {
        self.needsChecksum = needsChecksum
        self.segmentation = segmentation
        self.headerLength = headerLength
        self.segmentSize = segmentSize
        self.checksumStart = checksumStart
        self.checksumOffset = checksumOffset
    }

    private static let needsChecksumFlag: UInt8 = 1
    /// Marks a super-packet with congestion marks (TSO_ECN), which is never asked for, so never seen; the rest is the kind.
    private static let ecnFlag: UInt8 = 0x80
}

extension VirtioHeader {
    /// Nil for a kind of super-packet that was not asked for.
    package init?(loading pointer: UnsafeRawPointer) {
        let flags = pointer.load(as: UInt8.self)
        let kind = pointer.load(fromByteOffset: 1, as: UInt8.self)
        guard kind & Self.ecnFlag == 0, let segmentation = Segmentation(rawValue: kind) else { return nil }
        self.segmentation = segmentation
        needsChecksum = flags & Self.needsChecksumFlag != 0
        headerLength = pointer.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        segmentSize = pointer.loadUnaligned(fromByteOffset: 4, as: UInt16.self)
        checksumStart = pointer.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
        checksumOffset = pointer.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    }

    package func store(to pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: needsChecksum ? Self.needsChecksumFlag : 0, as: UInt8.self)
        pointer.storeBytes(of: segmentation.rawValue, toByteOffset: 1, as: UInt8.self)
        pointer.storeBytes(of: headerLength, toByteOffset: 2, as: UInt16.self)
        pointer.storeBytes(of: segmentSize, toByteOffset: 4, as: UInt16.self)
        pointer.storeBytes(of: checksumStart, toByteOffset: 6, as: UInt16.self)
        pointer.storeBytes(of: checksumOffset, toByteOffset: 8, as: UInt16.self)
    }
}
