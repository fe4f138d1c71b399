package import IKEWire

/// A vendor's attribute within Vendor-Specific (RFC 2865 section 5.26).
///
///     | vendor ID: 4 octets | vendor type   | vendor length | value ... | perhaps more of these
package struct VendorAttribute: Hashable, Sendable {
    /// Microsoft's number (RFC 2548 section 2).
    package static let microsoft: UInt32 = 311

    /// The vendor's own number for it.
    package let type: UInt8
    package let value: [UInt8]

    package init(type: UInt8, value: [UInt8]) {
        self.type = type
        self.value = value
    }
}

extension Packet {
    /// The attributes of one vendor, of those who write them as RFC 2865 recommends; others' are left alone.
    package func attributes(of vendor: UInt32) throws(WireError) -> [VendorAttribute] {
        var found: [VendorAttribute] = []
        for attribute in all(.vendorSpecific) {
            var reader = Reader(attribute.value.span.bytes)
            guard try reader.uint32(.radiusVendor) == vendor else { continue }
            while !reader.isAtEnd {
                let inner = try Attribute(from: &reader)
                found.append(VendorAttribute(type: inner.type.rawValue, value: inner.value))
            }
        }
        return found
    }
}
