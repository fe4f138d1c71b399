import Inet

// Changing the traffic class of a packet that is already in its place, as leaving a tunnel does.

extension InnerPacket {
    /// Writes another traffic class into the packet that begins at `offset` of `bytes` and from which self was parsed.
    ///
    /// The checksum of an IPv4 header is carried along without looking at the rest of the header (RFC 1624), so a wrong
    /// one stays wrong.
    @inline(__always)
    func replaceTrafficClass(by new: TrafficClass, in bytes: inout MutableRawSpan, at offset: Int) {
        guard new.rawValue != trafficClass.rawValue else { return }
        writeTrafficClass(new, in: &bytes, at: offset)
    }

    private func writeTrafficClass(_ new: TrafficClass, in bytes: inout MutableRawSpan, at offset: Int) {
        let oldWord = bytes.bytes.bigEndian16(offset)
        let newWord: UInt16
        switch family {
        case .v4:
            newWord = oldWord & 0xff00 | UInt16(new.rawValue)
            let checksum = InternetChecksum.updated(
                bytes.bytes.bigEndian16(offset + 10),
                replacing: oldWord,
                with: newWord
            )
            bytes.storeBytes(of: checksum.bigEndian, toByteOffset: offset + 10, as: UInt16.self)
        case .v6:
            newWord = oldWord & 0xf00f | UInt16(new.rawValue) << 4
        }
        bytes.storeBytes(of: newWord.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
}
