import ESP
import Testing

@Suite struct SequenceCounterTests {
    @Test func itBeginsWithOne() {
        var counter = SequenceCounter(isExtended: false)
        let numbers = [counter.next(), counter.next(), counter.next()]
        #expect(numbers == [1, 2, 3])
        #expect(counter.last == 3)
    }

    @Test func itEndsBeforeItWouldWrap() {
        for (isExtended, limit) in [(false, UInt64(UInt32.max)), (true, UInt64.max)] {
            var counter = SequenceCounter(isExtended: isExtended, last: limit - 2)
            #expect(counter.remaining == 2)
            let numbers = [counter.next(), counter.next(), counter.next(), counter.next()]
            #expect(numbers == [limit - 1, limit, nil, nil])
            #expect(counter.last == limit)
            #expect(counter.remaining == 0)
        }
    }

    @Test func extendedNumbersGoOnBeyond32Bits() {
        var counter = SequenceCounter(isExtended: true, last: UInt64(UInt32.max))
        let next = counter.next()
        #expect(next == 0x1_0000_0000)
    }

    @Test func anSAThatWasUsedUpElsewhereStaysUsedUp() {
        var counter = SequenceCounter(isExtended: false, last: .max)
        #expect(counter.remaining == 0)
        let next = counter.next()
        #expect(next == nil)
    }
}
