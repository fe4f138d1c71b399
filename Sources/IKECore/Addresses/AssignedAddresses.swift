import Inet

/// The addresses that peers have assigned to us, by the lineages of the IKE SAs that they came with.
final class AssignedAddresses {
    private var held: [UInt32: [IPAddress]] = [:]
    /// How many lineages hold each address.
    private var holders: [IPAddress: Int] = [:]

    func addresses(of lineage: UInt32) -> [IPAddress] { held[lineage] ?? [] }

    /// - Returns: those that this host did not have before.
    func hold(_ addresses: [IPAddress], _ lineage: UInt32) -> [IPAddress] {
        let new = addresses.filter { holders[$0] == nil }
        for address in addresses { holders[address, default: 0] += 1 }
        if let before = held.updateValue(addresses, forKey: lineage) { forget(before) }
        return new
    }

    /// - Returns: those that this host has no longer.
    func release(_ lineage: UInt32) -> [IPAddress] {
        guard let addresses = held.removeValue(forKey: lineage) else { return [] }
        forget(addresses)
        return addresses.filter { holders[$0] == nil }
    }

    private func forget(_ addresses: [IPAddress]) {
        for address in addresses {
            guard let count = holders[address] else { continue }
            holders[address] = count > 1 ? count - 1 : nil
        }
    }
}
