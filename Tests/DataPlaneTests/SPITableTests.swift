import DataPlane
import IKEWire
import Testing

@Suite struct SPITableTests {
    @Test(arguments: UInt64(1)...8)
    func theTableAgreesWithADictionary(seed: UInt64) {
        var dice = Dice(seed: seed)
        var table = SPITable<Int>()
        var reference: [UInt32: Int] = [:]
        // Few values make long runs, collisions and removals of what is there.
        let spis = (0..<200).map { _ in UInt32.random(in: 1 ... .max, using: &dice) }
        for step in 0..<5000 {
            guard let spi = spis.randomElement(using: &dice) else { return }
            if Bool.random(using: &dice) {
                table[ESPSPI(rawValue: spi)] = step
                reference[spi] = step
            } else {
                table[ESPSPI(rawValue: spi)] = nil
                reference[spi] = nil
            }
            #expect(table.count == reference.count)
        }
        for spi in spis { #expect(table[ESPSPI(rawValue: spi)] == reference[spi]) }
    }

    @Test func zeroIsNeverFound() {
        var table = SPITable<Int>()
        table[ESPSPI(rawValue: 0)] = 1
        #expect(table[ESPSPI(rawValue: 0)] == nil)
        #expect(table.count == 0)
    }

    @Test func anUnknownSPIIsNotFoundInAFullTable() {
        var table = SPITable<UInt32>()
        for spi in UInt32(1)...100_000 { table[ESPSPI(rawValue: spi &* 2)] = spi }
        #expect(table.count == 100_000)
        for spi in UInt32(1)...1000 {
            #expect(table[ESPSPI(rawValue: spi &* 2)] == spi)
            #expect(table[ESPSPI(rawValue: spi &* 2 + 1)] == nil)
        }
    }
}
