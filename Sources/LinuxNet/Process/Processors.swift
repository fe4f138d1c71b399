import CLinux

/// The processors that this process may use.
package enum Processors {
    /// Linux' own limit is higher; machines are not.
    private static let most = 1024

    /// Their numbers, ascending, by the affinity of the calling thread (taskset, cpusets); at least one.
    package static var usable: [Int] {
        var isUsable = [UInt8](repeating: 0, count: most)
        guard clinux_usable_processors(&isUsable, isUsable.count) == 0 else { return [0] }
        let numbers = isUsable.indices.filter { isUsable[$0] != 0 }
        return numbers.isEmpty ? [0] : numbers
    }
}
