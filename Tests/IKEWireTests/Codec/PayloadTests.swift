import IKEWire
import Support
import Testing

/// What holds for every payload, whatever its type.
@Suite struct PayloadTests {
    @Test(arguments: PayloadSample.all)
    func theOctetsDecodeToThePayload(sample: PayloadSample) throws {
        let message = try Message(parsing: sample.message(of: sample.octets))
        #expect(message.payloads == [sample.payload])
    }

    @Test(arguments: PayloadSample.all)
    func thePayloadEncodesToTheOctets(sample: PayloadSample) throws {
        var header = Header(
            initiatorSPI: IKESPI(rawValue: 0x0102_0304_0506_0708),
            responderSPI: IKESPI(rawValue: 0x1112_1314_1516_1718),
            exchangeType: .informational,
            flags: .initiator,
            messageID: 7
        )
        // Both are computed: what stands there must not matter.
        header.length = 1
        header.nextPayload = .eap
        #expect(
            try Message(header: header, payloads: [sample.payload]).encoded() == sample.message(of: sample.octets)
        )
    }

    @Test(arguments: PayloadSample.all)
    func everyProperPrefixIsRefused(sample: PayloadSample) {
        for count in 0..<sample.octets.count {
            let octets = sample.message(of: Array(sample.octets.prefix(count)))
            #expect(throws: WireError.self, "\(count) octets") { try Message(parsing: octets) }
        }
    }

    @Test(arguments: PayloadSample.all)
    func anOctetBehindThePayloadIsRefused(sample: PayloadSample) {
        let octets = sample.message(of: sample.octets + [0])
        #expect(throws: WireError(28 + sample.octets.count, .message, .leftover(count: 1))) {
            try Message(parsing: octets)
        }
    }

    @Test(arguments: PayloadSample.all.filter { !$0.isOpenEnded })
    func anOctetTooManyInsideThePayloadIsRefused(sample: PayloadSample) {
        let octets = sample.message(of: sample.withContent(Array(sample.octets.dropFirst(4)) + [0]))
        #expect(throws: WireError.self) { try Message(parsing: octets) }
    }

    @Test(arguments: PayloadSample.all)
    func aContentCutShortIsRefusedOrAnotherPayload(sample: PayloadSample) throws {
        for count in 0..<sample.octets.count - 4 {
            let cut = sample.withContent(Array(sample.octets.dropFirst(4).prefix(count)))
            do throws(WireError) {
                let message = try Message(parsing: sample.message(of: cut))
                #expect(message.payloads != [sample.payload])
                #expect(try message.encoded() == sample.message(of: cut))
            } catch {
                #expect((28...28 + cut.count).contains(error.offset))
            }
        }
    }

    /// RFC 7296 section 3.2: the bits are ignored; section 2.15: they are signed, so they must not get lost.
    @Test(arguments: PayloadSample.all)
    func reservedBitsOfTheGenericHeaderAreKeptAndIgnored(sample: PayloadSample) throws {
        var octets = sample.octets
        octets[1] |= 0x7f
        let message = try Message(parsing: sample.message(of: octets))
        #expect(message.payloads == [sample.payload])
        #expect(message.payloads.first?.reserved.bits == 0x7f)
        #expect(try message.encoded() == sample.message(of: octets))
    }

    @Test(arguments: PayloadSample.all)
    func theCriticalBitIsKept(sample: PayloadSample) throws {
        var octets = sample.octets
        octets[1] |= 0x80
        let message = try Message(parsing: sample.message(of: octets))
        #expect(message.payloads.map(\.isCritical) == [true])
        #expect(try message.encoded() == sample.message(of: octets))
        let isKnown = if case .unknown = sample.payload.body { false } else { true }
        #expect((message.payloads.unsupportedCritical == nil) == isKnown)
    }
}

extension PayloadSample {
    /// The generic header of the sample with another content and its length.
    func withContent(_ content: [UInt8]) -> [UInt8] {
        let length = UInt16(4 + content.count)
        return octets.prefix(2) + [UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)] + content
    }
}
