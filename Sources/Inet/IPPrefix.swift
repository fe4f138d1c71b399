/// A block of addresses that share their leading bits, written "10.0.0.0/8" or "2001:db8::/32".
package struct IPPrefix: Hashable, Sendable {
    /// The first address of the block; all bits behind `length` are zero.
    package let address: IPAddress
    /// The number of leading bits that are fixed: 0...32 or 0...128.
    package let length: Int

    /// The block of `length` bits around an address; nil if the family has no such length.
    package init?(_ address: IPAddress, length: Int) {
        guard (0...address.family.bitWidth).contains(length) else { return nil }
        self.init(masking: address, length: length)
    }

    /// The block that holds one address only.
    package init(_ address: IPAddress) {
        self.init(masking: address, length: address.family.bitWidth)
    }

    /// `length` must be valid for the family; every caller has checked or computed it.
    private init(masking address: IPAddress, length: Int) {
        let hostBits = Self.hostMask(address.family, length: length)
        self.address = IPAddress(family: address.family, value: address.value & ~hostBits)
        self.length = length
    }

    /// Ones where the host part is. A shift by the full width yields zero, as Swift's smart shifts do.
    private static func hostMask(_ family: IPAddress.Family, length: Int) -> UInt128 {
        let familyMask = UInt128.max >> (128 - family.bitWidth)
        return familyMask >> length
    }
}

// MARK: - What a block holds

extension IPPrefix {
    /// The family of the addresses.
    package var family: IPAddress.Family { address.family }
    /// The lowest address of the block.
    package var first: IPAddress { address }
    /// The highest address of the block.
    package var last: IPAddress {
        IPAddress(family: family, value: address.value | Self.hostMask(family, length: length))
    }

    /// True for an address of the block; never for one of the other family.
    package func contains(_ other: IPAddress) -> Bool {
        other.family == family && first <= other && other <= last
    }

    /// True for a block of which every address is in this one.
    package func contains(_ other: IPPrefix) -> Bool {
        other.length >= length && contains(other.address)
    }

    /// The smallest list of blocks that together hold exactly the addresses of `range`, in ascending order.
    ///
    /// A range of addresses is what a traffic selector carries; routes want blocks. At most 2 * width - 2 blocks are needed.
    /// A range that begins in one family and ends in the other has no such list: empty.
    package static func covering(_ range: ClosedRange<IPAddress>) -> [IPPrefix] {
        let family = range.lowerBound.family
        guard range.upperBound.family == family else { return [] }
        let end = range.upperBound.value
        var start = range.lowerBound.value
        var blocks: [IPPrefix] = []
        while true {
            // The largest block that begins here and does not reach beyond the end.
            var hostBits = min(start.trailingZeroBitCount, family.bitWidth)
            while hostMask(family, length: family.bitWidth - hostBits) > end - start { hostBits -= 1 }
            let block = IPPrefix(
                masking: IPAddress(family: family, value: start),
                length: family.bitWidth - hostBits
            )
            blocks.append(block)
            let last = block.last.value
            if last == end { return blocks }
            start = last + 1
        }
    }
}

// MARK: - Text

extension IPPrefix: LosslessStringConvertible {
    /// Reads "10.0.0.0/8"; a bare address is the block of that one address; host bits are cleared.
    package init?(_ text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            guard let address = IPAddress(text) else { return nil }
            self.init(address)
            return
        }
        let digits = text[text.utf8.index(after: slash)...]
        guard let address = IPAddress(String(text[..<slash])), digits.utf8.first != UInt8(ascii: "+"),
            let length = Int(digits)
        else { return nil }
        self.init(address, length: length)
    }

    package var description: String { "\(address)/\(length)" }
}
