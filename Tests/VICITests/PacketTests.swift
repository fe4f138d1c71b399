import Testing
import VICI

@Suite struct PacketTests {
    static let everyKind: [VICIPacket] = [
        .request(command: "initiate", ["child": "net", "timeout": "-1"]),
        .response(["success": "yes"]),
        .unknownCommand,
        .register(event: "list-sa"),
        .unregister(event: "list-sa"),
        .eventConfirmed,
        .unknownEvent,
        .event("log", ["msg": "hello"]),
    ]

    @Test(arguments: everyKind) func everyKindSurvivesARoundTrip(packet: VICIPacket) throws {
        var decoder = VICIPacketDecoder()
        decoder.append(try packet.encoded())
        #expect(try decoder.next() == packet)
        #expect(try decoder.next() == nil)
        #expect(decoder.bufferedCount == 0)
    }

    @Test func theTypesHaveTheirNumbers() throws {
        #expect(try Self.everyKind.map { try $0.encoded()[4] } == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test func aRequestIsLengthTypeNameAndMessage() throws {
        let bytes = try VICIPacket.request(command: "up", ["a": "b"]).encoded()
        #expect(bytes == [0, 0, 0, 10, 0, 2, 117, 112, 3, 1, 97, 0, 1, 98])
    }

    @Test func aStreamIsCutIntoPacketsWhereverItsReadsEnd() throws {
        let stream = try Self.everyKind.flatMap { try $0.encoded() }
        for size in [1, 2, 3, 5, 7, 64, stream.count] {
            var decoder = VICIPacketDecoder()
            var packets: [VICIPacket] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                decoder.append(stream[start..<min(start + size, stream.count)])
                while let packet = try decoder.next() { packets.append(packet) }
            }
            #expect(packets == Self.everyKind)
        }
    }

    @Test(arguments: [0, 512 * 1024 + 1, .max] as [UInt32]) func anImpossibleLengthIsRefusedAtOnce(length: UInt32) {
        var decoder = VICIPacketDecoder()
        decoder.append((0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) })
        #expect(throws: VICIDecodingError(offset: 0, reason: .impossibleLength(length))) { try decoder.next() }
    }

    @Test func thePacketOfTheLargestSizeIsSentAndReadAndALargerOneIsNot() throws {
        // Eight values of 65,535 octets leave a little room for the ninth.
        func message(lastCount: Int) -> VICIMessage {
            var message = VICIMessage()
            for _ in 0..<7 { message.append("v", .value([UInt8](repeating: 7, count: 65_535))) }
            message.append("v", .value([UInt8](repeating: 7, count: lastCount)))
            return message
        }
        let room = VICIPacket.maximumLength - 1 - 7 * (5 + 65_535) - 5
        let largest = VICIPacket.response(message(lastCount: room))
        let bytes = try largest.encoded()
        #expect(bytes.count == VICIPacket.maximumLength + 4)
        var decoder = VICIPacketDecoder()
        decoder.append(bytes)
        #expect(try decoder.next() == largest)

        #expect(throws: VICIEncodingError.packetTooLong(count: VICIPacket.maximumLength + 1)) {
            try VICIPacket.response(message(lastCount: room + 1)).encoded()
        }
    }

    @Test(
        arguments: [
            ([8], 0, VICIDecodingError.Reason.unknownPacket(8)),
            ([3], 1, .truncated),
            ([3, 2, 97], 2, .truncated),
            ([2, 0], 1, .trailingBytes),
            ([3, 1, 97, 0], 3, .trailingBytes),
            ([0, 1, 97, 3], 4, .truncated),
        ] as [([UInt8], Int, VICIDecodingError.Reason)]
    )
    func aBrokenPacketIsRefusedWithItsOffset(body: [UInt8], offset: Int, reason: VICIDecodingError.Reason) {
        #expect(throws: VICIDecodingError(offset: offset, reason: reason)) { try VICIPacket(decoding: body[...]) }
    }

    @Test func everyCutBodyIsRefusedOrEndsBetweenElements() throws {
        for packet in Self.everyKind {
            let body = try packet.encoded().dropFirst(4)
            for count in 0..<body.count {
                guard let shorter = try? VICIPacket(decoding: body.prefix(count)) else { continue }
                #expect(try shorter.encoded().dropFirst(4) == body.prefix(count))
            }
        }
    }
}
