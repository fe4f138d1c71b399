package import IKEWire
package import Inet

/// Addresses that peers may ask for, and what is told to those that do (RFC 7296 section 2.19).
package struct AddressPool: Hashable, Sendable {
    package let name: String
    /// Of one family.
    package let addresses: ClosedRange<IPAddress>
    /// Servers, networks and the like.
    package let attributes: [ConfigurationAttribute]

    package init(name: String, addresses: ClosedRange<IPAddress>, attributes: [ConfigurationAttribute] = []) {
        self.name = name
        self.addresses = addresses
        self.attributes = attributes
    }

    package var family: IPAddress.Family { addresses.lowerBound.family }
}
