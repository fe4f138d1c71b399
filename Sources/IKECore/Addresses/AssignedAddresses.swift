import Inet

/// The addresses that peers have assigned to us, by the lineages of the IKE SAs that they came with.
final class AssignedAddresses {
    private var held: [UInt32: [IPAddress]] = [:]

    func addresses(of lineage: UInt32) -> [IPAddress] { held[lineage] ?? [] }

    /// - Returns: those that this host did not have before.
    func hold(_ addresses: [IPAddress], _ lineage: UInt32) -> [IPAddress] {
        let before = Set(held.values.joined())
        held[lineage] = addresses
        return addresses.filter { !before.contains($0) }
    }

    /// - Returns: those that this host has no longer.
    func release(_ lineage: UInt32) -> [IPAddress] {
        guard let addresses = held.removeValue(forKey: lineage) else { return [] }
        let left = Set(held.values.joined())
        return addresses.filter { !left.contains($0) }
    }
}
