import IKEWire
import Testing

@Suite struct EncryptedEnvelopeTests {
    private static let header = Header(
        initiatorSPI: IKESPI(rawValue: 1),
        responderSPI: IKESPI(rawValue: 2),
        exchangeType: .ikeAuth,
        flags: [.initiator, .response],
        messageID: 9
    )

    @Test func thePrefixIsWhatTheWholeMessageBeginsWith() throws {
        let body = [UInt8](repeating: 0xee, count: 77)
        let payload = Payload(.encrypted(Encrypted(firstPayload: .identificationInitiator, body: body)))
        let prefix = try EncryptedEnvelope.prefix(
            header: Self.header,
            firstPayload: .identificationInitiator,
            bodyLength: body.count
        )
        #expect(prefix.count == 32)
        #expect(try Message(header: Self.header, payloads: [payload]).encoded() == prefix + body)
    }

    @Test(arguments: [UInt16(1), 2])
    func onlyTheFirstFragmentNamesTheFirstPayload(number: UInt16) throws {
        let body = [UInt8](repeating: 0xee, count: 77)
        let prefix = try EncryptedEnvelope.fragmentPrefix(
            header: Self.header,
            firstPayload: .identificationInitiator,
            number: number,
            total: 2,
            bodyLength: body.count
        )
        #expect(prefix.count == 36)
        let message = try Message(parsing: prefix + body)
        let fragment = try #require(message.payloads.encryptedFragment)
        #expect(fragment.firstPayload == (number == 1 ? .identificationInitiator : .none))
        #expect(fragment.number == number && fragment.total == 2 && fragment.body == body)
        #expect(try message.encoded() == prefix + body)
    }

    @Test(arguments: [-1, 65532, Int.max])
    func aBodyThatNoPayloadCanHoldIsRefused(length: Int) {
        #expect(throws: WireError.self) {
            try EncryptedEnvelope.prefix(header: Self.header, firstPayload: .none, bodyLength: length)
        }
        #expect(throws: WireError.self) {
            try EncryptedEnvelope.fragmentPrefix(
                header: Self.header,
                firstPayload: .none,
                number: 1,
                total: 1,
                bodyLength: length
            )
        }
    }
}
