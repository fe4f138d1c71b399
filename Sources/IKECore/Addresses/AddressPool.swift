package import IKEWire
package import Inet

/// Addresses that peers may ask for, and what is told to those that do (RFC 7296 section 2.19).
package struct AddressPool: Hashable, Sendable {
    package let name: String
    /// Of one family.
    package let addresses: ClosedRange<IPAddress>
    /// Addresses of the pool that are for certain identities, and for nobody else.
    package let fixed: [IPAddress: Identification]
    /// Servers, networks and the like.
    package let attributes: [ConfigurationAttribute]

    private let fixedByIdentity: [Identification: IPAddress]

    package init(
        name: String,
        addresses: ClosedRange<IPAddress>,
        fixed: [IPAddress: Identification] = [:],
        attributes: [ConfigurationAttribute] = []
    ) {
        self.name = name
        self.addresses = addresses
        self.fixed = fixed.mapValues(\.normalized)
        self.attributes = attributes
        fixedByIdentity = Dictionary(fixed.map { ($1.normalized, $0) }) { min($0, $1) }
    }

    package var family: IPAddress.Family { addresses.lowerBound.family }

    func contains(_ address: IPAddress) -> Bool { address.family == family && addresses.contains(address) }

    /// The address that is for this identity alone.
    ///
    /// - Parameter identity: normalized.
    func fixedAddress(of identity: Identification) -> IPAddress? { fixedByIdentity[identity] }

    /// Whether the pool may give the address to this identity.
    ///
    /// - Parameter identity: normalized.
    func mayGive(_ address: IPAddress, to identity: Identification) -> Bool {
        contains(address) && fixed[address].map { $0 == identity } ?? true
    }
}
