package import IKEWire

/// What belongs to an SPI, found with a few instructions: the part of the SAD that every arriving packet asks.
///
/// SPIs in the table are ours and random, so the low bits of a mixed SPI spread evenly, and a peer who sends other SPIs
/// walks at most the short run around one place. Open addressing with linear probing, at most half full; removal
/// moves the rest of the run back instead of leaving marks, so the table does not decay while SAs come and go.
package struct SPITable<Value> {
    /// The value 0 marks a free place; 0 is no SPI (RFC 4303 section 2.1).
    private var spis: [UInt32]
    private var values: [Value?]
    /// How many SPIs are in the table.
    package private(set) var count = 0

    package init() {
        spis = Array(repeating: 0, count: Self.minimumCapacity)
        values = Array(repeating: nil, count: Self.minimumCapacity)
    }

    private static var minimumCapacity: Int { 16 }

    /// What belongs to `spi`; nil also for the SPI 0. Setting nil removes it.
    package subscript(spi: ESPSPI) -> Value? {
        get { find(spi.rawValue).flatMap { values[$0] } }
        set {
            if let newValue {
                insert(newValue, spi.rawValue)
            } else {
                remove(spi.rawValue)
            }
        }
    }

    // MARK: - Places

    private var mask: Int { spis.count - 1 }

    /// Where the search for an SPI begins. Multiplying by 2^32 over the golden ratio mixes the upper bits in.
    private func home(_ spi: UInt32) -> Int { Int(spi &* 0x9e37_79b9 >> 7) & mask }

    private func find(_ spi: UInt32) -> Int? {
        guard spi != 0 else { return nil }
        var place = home(spi)
        while spis[place] != 0 {
            if spis[place] == spi { return place }
            place = (place + 1) & mask
        }
        return nil
    }

    private mutating func insert(_ value: Value, _ spi: UInt32) {
        guard spi != 0 else { return }
        if (count + 1) * 2 > spis.count { grow() }
        var place = home(spi)
        while spis[place] != 0, spis[place] != spi { place = (place + 1) & mask }
        if spis[place] == 0 { count += 1 }
        spis[place] = spi
        values[place] = value
    }

    private mutating func remove(_ spi: UInt32) {
        guard var hole = find(spi) else { return }
        count -= 1
        // An entry further on in the run fills the hole if its own search would pass by there.
        var place = (hole + 1) & mask
        while spis[place] != 0 {
            let distanceFromHome = (place - home(spis[place])) & mask
            let distanceFromHole = (place - hole) & mask
            if distanceFromHome >= distanceFromHole {
                spis[hole] = spis[place]
                values[hole] = values[place]
                hole = place
            }
            place = (place + 1) & mask
        }
        spis[hole] = 0
        values[hole] = nil
    }

    private mutating func grow() {
        let (oldSPIs, oldValues) = (spis, values)
        spis = Array(repeating: 0, count: oldSPIs.count * 2)
        values = Array(repeating: nil, count: oldSPIs.count * 2)
        count = 0
        for (spi, value) in zip(oldSPIs, oldValues) {
            if let value { insert(value, spi) }
        }
    }
}
