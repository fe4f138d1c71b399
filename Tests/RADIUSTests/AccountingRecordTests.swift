import Inet
import RADIUS
import Testing

@Suite struct AccountingRecordTests {
    private func record(_ status: AccountingRecord.Status) throws -> Packet {
        let session = AccessSession(
            nasIdentifier: "gw",
            port: 17,
            portName: "road",
            local: try SocketAddress("2001:db8::1", 4500),
            remote: try SocketAddress("2001:db8::9", 4500)
        )
        let record = AccountingRecord(
            status: status,
            sessionID: "1-17",
            session: session,
            userName: Array("anna".utf8),
            classes: [[1], [2]],
            framedAddresses: [try #require(IPAddress("10.3.0.7")), try #require(IPAddress("fd00::7"))],
            duration: .seconds(90),
            usage: AccountingRecord.Usage(
                inputOctets: 5 << 32 | 6,
                outputOctets: 7,
                inputPackets: 8,
                outputPackets: 9
            ),
            timestamp: 1_700_000_000
        )
        return Packet(code: .accountingRequest, identifier: 0, authenticator: [], attributes: record.attributes)
    }

    @Test func everyRecordSaysWhoseItIs() throws {
        for (status, number) in [(.start, 1), (.stop(.userRequest), 2), (.interim, 3)]
            as [(AccountingRecord.Status, UInt32)]
        {
            let packet = try record(status)
            #expect(try packet.first(.accountingStatusType)?.number() == number)
            #expect(packet.first(.accountingSessionID)?.value == Array("1-17".utf8))
            #expect(packet.first(.userName)?.value == Array("anna".utf8))
            #expect(packet.all(.accountingClass).map(\.value) == [[1], [2]])
            #expect(try packet.first(.framedIPAddress)?.address(.v4) == IPAddress("10.3.0.7"))
            #expect(try packet.first(.framedIPv6Address)?.address(.v6) == IPAddress("fd00::7"))
            #expect(try packet.first(.nasIPv6Address)?.address(.v6) == IPAddress("2001:db8::1"))
            #expect(packet.first(.callingStationID)?.value == Array("2001:db8::9[4500]".utf8))
            #expect(try packet.first(.eventTimestamp)?.number() == 1_700_000_000)
        }
    }

    @Test func theStartTellsNothingOfUse() throws {
        let packet = try record(.start)
        for type in [AttributeType.accountingInputOctets, .accountingSessionTime, .accountingTerminateCause] {
            #expect(packet.first(type) == nil)
        }
    }

    @Test func useIsToldInFullNumbers() throws {
        for status in [AccountingRecord.Status.interim, .stop(.lostService)] {
            let packet = try record(status)
            #expect(try packet.first(.accountingInputOctets)?.number() == 6)
            #expect(try packet.first(.accountingInputGigawords)?.number() == 5)
            #expect(try packet.first(.accountingOutputOctets)?.number() == 7)
            #expect(try packet.first(.accountingOutputGigawords)?.number() == 0)
            #expect(try packet.first(.accountingInputPackets)?.number() == 8)
            #expect(try packet.first(.accountingOutputPackets)?.number() == 9)
            #expect(try packet.first(.accountingSessionTime)?.number() == 90)
        }
        #expect(try record(.interim).first(.accountingTerminateCause) == nil)
        #expect(try record(.stop(.lostService)).first(.accountingTerminateCause)?.number() == 3)
    }
}
