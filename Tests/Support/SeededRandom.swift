import IKECrypto

/// A random source that gives the same octets for the same seed. For tests only: it keeps no secret.
package final class SeededRandom: RandomSource {
    private var generator: SplitMix64

    package init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var word: UInt64 = 0
        for index in buffer.indices {
            if index % 8 == 0 { word = generator.next() }
            buffer[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }
}
