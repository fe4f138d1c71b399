import IKEWire
import Testing

/// SA_RESOURCE_INFO and TS_MAX_QUEUE (RFC 9611 section 5).
@Suite struct ResourceInfoTests {
    @Test func theSAOfAllNamesNoResource() throws {
        #expect(try Self.encoded(.resourceInfo(nil)) == [0, 0, 0x40, 0x3C])
    }

    @Test func theSAOfOneNamesItByFourOctets() throws {
        #expect(try Self.encoded(.resourceInfo(0x0102_0304)) == [0, 0, 0x40, 0x3C, 1, 2, 3, 4])
    }

    @Test func aRefusalIsAnErrorWithoutData() throws {
        #expect(try Self.encoded(Notify(.tsMaxQueue)) == [0, 0, 0, 48])
        #expect(NotifyType.tsMaxQueue.isError && !NotifyType.saResourceInfo.isError)
    }

    @Test(arguments: [[], [0, 0, 0, 7], [1], Array("processor 12".utf8)] as [[UInt8]])
    func whateverAPeerNamesItsResourceByIsRead(data: [UInt8]) throws {
        let message = try Message(parsing: Self.message(Notify(.saResourceInfo, data: data)).encoded())
        #expect(message.payloads.notify(.saResourceInfo)?.data == data)
    }

    @Test func aTraceNamesTheResource() {
        #expect(Payload(.notify(.resourceInfo(nil))).summary == "N(SA_RESOURCE_INFO)")
        #expect(Payload(.notify(.resourceInfo(3))).summary == "N(SA_RESOURCE_INFO) 3")
        #expect(Payload(.notify(Notify(.tsMaxQueue))).summary == "N(TS_MAX_QUEUE)")
    }

    private static func message(_ notify: Notify) -> Message {
        Message(
            header: Header(
                initiatorSPI: IKESPI(rawValue: 1),
                responderSPI: IKESPI(rawValue: 2),
                exchangeType: .createChildSA,
                flags: .initiator,
                messageID: 2
            ),
            payloads: [Payload(.notify(notify))]
        )
    }

    /// What stands behind the generic header of the payload.
    private static func encoded(_ notify: Notify) throws -> [UInt8] {
        Array(try message(notify).encoded().dropFirst(Header.length + 4))
    }
}
