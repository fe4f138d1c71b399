import Inet

/// One element of a TS payload.
package enum TrafficSelectorEntry: Hashable, Sendable {
    /// A range of IPv4 or IPv6 addresses.
    case selector(TrafficSelector)
    /// A type that is not known here: the octet behind the type, which most types use for a protocol, and what follows the length.
    /// Nothing matches it.
    case unknown(TrafficSelectorType, second: UInt8, data: [UInt8])

    /// The selector, if its type is known.
    package var selector: TrafficSelector? {
        switch self {
        case .selector(let selector): selector
        case .unknown: nil
        }
    }
}

// MARK: - Octets

extension TrafficSelectorEntry {
    init(from reader: inout Reader) throws(WireError) {
        let start = reader.offset
        let type = TrafficSelectorType(rawValue: try reader.uint8(.selectorType))
        let second = try reader.uint8(.ipProtocol)
        var content = try reader.measured(from: start, .selectorLength)
        switch type {
        case .ipv4AddressRange, .ipv6AddressRange:
            let size = type == .ipv4AddressRange ? 4 : 16
            let ports = try PortSelector(from: &content)
            let addresses = try Self.addresses(ofSize: size, from: &content)
            try content.finish(.selectorLength)
            self = .selector(
                TrafficSelector(protocolID: IPProtocol(rawValue: second), ports: ports, addresses: addresses)
            )
        default:
            self = .unknown(type, second: second, data: content.rest())
        }
    }

    func write(to writer: inout Writer) throws(WireError) {
        let start = writer.offset
        switch self {
        case .selector(let selector):
            let (first, last) = (selector.addresses.lowerBound.bytes, selector.addresses.upperBound.bytes)
            guard first.count == last.count else {
                throw WireError(start, .addressRange, .mismatch(value: last.count, expected: first.count))
            }
            let type: TrafficSelectorType = selector.family == .v4 ? .ipv4AddressRange : .ipv6AddressRange
            writer.uint8(type.rawValue)
            writer.uint8(selector.protocolID.rawValue)
            try writer.measured(from: start, .selectorLength) { (writer) throws(WireError) in
                selector.ports.write(to: &writer)
                writer.octets(first)
                writer.octets(last)
            }
        case .unknown(let type, let second, let data):
            writer.uint8(type.rawValue)
            writer.uint8(second)
            try writer.measured(from: start, .selectorLength) { (writer) throws(WireError) in
                writer.octets(data)
            }
        }
    }

    private static func addresses(
        ofSize size: Int,
        from reader: inout Reader
    ) throws(WireError) -> ClosedRange<IPAddress> {
        let offset = reader.offset
        let first = IPAddress(bytes: try reader.octets(size, .addressRange))
        let last = IPAddress(bytes: try reader.octets(size, .addressRange))
        guard let first, let last, first <= last else { throw WireError(offset, .addressRange, .descendingRange) }
        return first...last
    }
}

extension PortSelector {
    init(from reader: inout Reader) throws(WireError) {
        let offset = reader.offset
        let first = try reader.uint16(.portRange)
        let last = try reader.uint16(.portRange)
        if first <= last {
            self = .range(first...last)
        } else if first == UInt16.max, last == 0 {
            self = .opaque
        } else {
            throw WireError(offset, .portRange, .descendingRange)
        }
    }

    func write(to writer: inout Writer) {
        switch self {
        case .range(let range):
            writer.uint16(range.lowerBound)
            writer.uint16(range.upperBound)
        case .opaque:
            writer.uint16(UInt16.max)
            writer.uint16(0)
        }
    }
}
