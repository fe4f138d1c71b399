import IKECrypto

/// A random source that gives the same octets for the same seed (SplitMix64). For tests only: it keeps no secret.
package final class SeededRandom: RandomSource {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var word: UInt64 = 0
        for index in buffer.indices {
            if index % 8 == 0 { word = next() }
            buffer[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }

    private func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
