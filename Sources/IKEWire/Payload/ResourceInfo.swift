// SA_RESOURCE_INFO: this CHILD SA is one of several for the same traffic, each for a resource of its end such as a processor
// (RFC 9611 section 5.1). The data, if there is any, names the resource for people; here it is a number of 4 octets in network order.

extension Notify {
    /// - Parameter resource: nil for the SA of all that have none of their own.
    package static func resourceInfo(_ resource: UInt32?) -> Notify {
        let octets = resource.map { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
        return Notify(.saResourceInfo, data: octets ?? [])
    }
}
