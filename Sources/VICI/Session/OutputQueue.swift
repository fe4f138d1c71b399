/// Octets that wait for a socket, taken off the front as it takes them.
struct OutputQueue {
    private var buffer: [UInt8] = []
    private var start = 0

    var count: Int { buffer.count - start }
    var bytes: ArraySlice<UInt8> { buffer[start...] }

    mutating func append(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
    }

    mutating func removeFirst(_ count: Int) {
        start += min(max(count, 0), self.count)
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
            start = 0
        } else if start > buffer.count / 2 {
            // Moving what is left costs no more than what was taken since the last time.
            buffer.removeSubrange(..<start)
            start = 0
        }
    }

    /// An idle connection keeps no more memory than this.
    private static let keptCapacity = 16 * 1024
}
