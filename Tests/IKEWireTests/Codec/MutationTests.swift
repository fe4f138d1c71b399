import IKEWire
import Support
import Testing

/// Octets that almost are a message: whatever is accepted must encode to itself. The seed is fixed, so a failure repeats.
@Suite struct MutationTests {
    @Test(arguments: try Seed.all() + PayloadSample.all.map { Seed(path: $0.name, octets: $0.message(of: $0.octets)) })
    func aMutatedMessageEncodesToItselfOrIsRefused(seed: Seed) throws {
        let random = SeededRandom(seed: 0x1ce)
        for _ in 0..<300 {
            let octets = mutate(seed.octets, random)
            let result = Result { () throws(WireError) in try Message(parsing: octets) }
            switch result {
            case .success(let message):
                #expect(try message.encoded() == octets)
            case .failure(let error):
                #expect((0...octets.count).contains(error.offset))
            }
        }
    }

    /// A few octets changed, taken out or put in; mostly with a header length that fits, so that the payloads are reached.
    private func mutate(_ octets: [UInt8], _ random: SeededRandom) -> [UInt8] {
        var octets = octets
        for _ in 0...random.below(3) {
            let place = random.below(octets.count)
            switch random.below(5) {
            case 0: octets[place] = [0, 1, 2, 3, 4, 8, 0x7f, 0x80, 0xff][random.below(9)]
            case 1: octets[place] ^= 1 << UInt8(random.below(8))
            case 2: octets[place] &+= 1
            case 3: octets.removeSubrange(place..<min(octets.count - 1, place + random.below(9)))
            default: octets.insert(contentsOf: random.bytes(random.below(9)), at: place)
            }
        }
        if octets.count >= Header.length, random.below(10) > 0 {
            let length = UInt32(octets.count)
            octets.replaceSubrange(24..<28, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
        }
        return octets
    }
}

extension SeededRandom {
    fileprivate func below(_ bound: Int) -> Int {
        var octets: [UInt8] = [0, 0, 0, 0]
        octets.withUnsafeMutableBytes { fill($0) }
        return octets.reduce(0) { $0 << 8 | Int($1) } % bound
    }

    fileprivate func bytes(_ count: Int) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        octets.withUnsafeMutableBytes { fill($0) }
        return octets
    }
}
