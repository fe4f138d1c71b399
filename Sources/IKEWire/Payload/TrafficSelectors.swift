/// The selectors of one end (RFC 7296 section 3.13).
///
///     | number of TSs | reserved                                      |
///     | traffic selectors ...                                        |
enum TrafficSelectors {
    static func entries(
        from reader: inout Reader
    ) throws(WireError) -> ([TrafficSelectorEntry], reserved: Reserved<UInt32>) {
        let offset = reader.offset
        let count = Int(try reader.uint8(.selectorCount))
        let reserved = try reader.uint24(.reserved)
        try checkCount(count, at: offset)
        var entries: [TrafficSelectorEntry] = []
        for _ in 0..<count { entries.append(try TrafficSelectorEntry(from: &reader)) }
        return (entries, Reserved(reserved))
    }

    static func write(
        _ entries: [TrafficSelectorEntry],
        reserved: Reserved<UInt32>,
        to writer: inout Writer
    ) throws(WireError) {
        try checkCount(entries.count, at: writer.offset)
        try writer.count8(entries.count, .selectorCount)
        writer.uint24(reserved.bits)
        for entry in entries { try entry.write(to: &writer) }
    }

    /// One or more; the field has eight bits.
    private static func checkCount(_ count: Int, at offset: Int) throws(WireError) {
        let allowed = 1...Int(UInt8.max)
        guard allowed.contains(count) else {
            throw WireError(offset, .selectorCount, .outOfRange(value: count, allowed: allowed))
        }
    }
}
