import Testing
import VICI

@Suite struct SessionTests {
    /// A session together with what its client reads.
    private struct Conversation {
        var session: VICISession
        private var decoder = VICIPacketDecoder()

        init(outputLimit: Int = VICISession.defaultOutputLimit) {
            session = VICISession(events: ["log", "list-sa"], outputLimit: outputLimit)
        }

        mutating func send(_ packets: VICIPacket...) throws -> VICISession.Request? {
            try session.receive(try packets.flatMap { try $0.encoded() })
        }

        /// All packets that wait, taken off the session.
        mutating func read() throws -> [VICIPacket] {
            decoder.append(session.output)
            session.didSend(session.output.count)
            var packets: [VICIPacket] = []
            while let packet = try decoder.next() { packets.append(packet) }
            return packets
        }
    }

    private static let version = VICIPacket.request(command: "version", [:])

    @Test func aRequestIsHandedOutAndAnsweredOnce() throws {
        var client = Conversation()
        let request = try client.send(.request(command: "initiate", ["child": "net"]))
        #expect(request?.command == "initiate")
        #expect(request?.message == ["child": "net"])
        #expect(client.session.commandInFlight == "initiate")
        client.session.reply(["success": "yes"])
        client.session.reply(["success": "no"])
        #expect(client.session.commandInFlight == nil)
        #expect(try client.read() == [.response(["success": "yes"])])
    }

    @Test func anUnknownCommandIsAnsweredSo() throws {
        var client = Conversation()
        _ = try client.send(.request(command: "brew", [:]))
        client.session.unknownCommand()
        #expect(try client.read() == [.unknownCommand])
        #expect(try client.send(Self.version)?.command == "version")
    }

    @Test func aRequestInPiecesIsHandedOutWhenItIsWhole() throws {
        var client = Conversation()
        let bytes = try Self.version.encoded()
        for byte in bytes.dropLast() { #expect(try client.session.receive([byte]) == nil) }
        #expect(try client.session.receive(bytes.suffix(1))?.command == "version")
    }

    @Test func registrationsAreAnsweredByTheSessionAlsoWhileACommandRuns() throws {
        var client = Conversation()
        #expect(
            try client.send(.register(event: "log"), Self.version, .register(event: "nonsense"))?.command == "version"
        )
        #expect(try client.send(.register(event: "list-sa"), .unregister(event: "log")) == nil)
        #expect(
            try client.read() == [.eventConfirmed, .unknownEvent, .eventConfirmed, .eventConfirmed]
        )
        #expect(client.session.isRegistered(for: "list-sa"))
        #expect(!client.session.isRegistered(for: "log"))
        #expect(!client.session.isRegistered(for: "nonsense"))
    }

    @Test func eventsReachOnlyThoseWhoRegistered() throws {
        var client = Conversation()
        #expect(client.session.event("log", ["msg": "unheard"]) == .notRegistered)
        _ = try client.send(.register(event: "log"))
        #expect(client.session.event("log", ["msg": "heard"]) == .queued)
        #expect(client.session.stream("list-sa", [:]) == .notRegistered)
        _ = try client.send(.unregister(event: "log"))
        #expect(client.session.event("log", ["msg": "unheard again"]) == .notRegistered)
        #expect(try client.read() == [.eventConfirmed, .event("log", ["msg": "heard"]), .eventConfirmed])
    }

    @Test func aSecondCommandBeforeTheAnswerIsRefused() throws {
        var client = Conversation()
        _ = try client.send(Self.version)
        #expect(throws: VICISession.ViolationError.commandInFlight("version")) { try client.send(Self.version) }
    }

    @Test(arguments: [
        VICIPacket.response([:]), .unknownCommand, .eventConfirmed, .unknownEvent, .event("log", [:]),
    ])
    func aServersPacketFromAClientIsRefused(packet: VICIPacket) {
        var client = Conversation()
        #expect(throws: VICISession.ViolationError.notAClientPacket) { try client.send(packet) }
    }

    @Test func garbageIsRefused() {
        var client = Conversation()
        #expect(throws: VICISession.ViolationError.malformed(.init(offset: 0, reason: .impossibleLength(0x4745_5420))))
        {
            try client.session.receive(Array("GET / HTTP/1.1\r\n".utf8))
        }
    }

    @Test func aSlowReaderLosesEventsAndIsToldHowMany() throws {
        var client = Conversation(outputLimit: 1000)
        _ = try client.send(.register(event: "log"))
        var delivered = 0
        for _ in 0..<100 where client.session.event("log", ["msg": "a line of some length"]) == .queued {
            delivered += 1
        }
        #expect(client.session.output.count < 1100)
        #expect(client.session.droppedEvents == 100 - delivered)
        #expect(try client.read().count == 1 + delivered)
        #expect(client.session.event("log", ["msg": "after"]) == .queued)
        #expect(client.session.event("log", ["msg": "later"]) == .queued)
        #expect(
            try client.read() == [
                .event("log", ["msg": "after", "lost": .number(100 - delivered)]),
                .event("log", ["msg": "later"]),
            ]
        )
    }

    @Test func whoRegistersAgainIsNotToldOfLossesBefore() throws {
        var client = Conversation(outputLimit: 100)
        _ = try client.send(.register(event: "log"))
        for _ in 0..<10 { client.session.event("log", ["msg": "a line of some length"]) }
        _ = try client.send(.unregister(event: "log"), .register(event: "log"))
        _ = try client.read()
        client.session.event("log", ["msg": "new"])
        #expect(try client.read() == [.event("log", ["msg": "new"])])
    }

    @Test func streamedAnswersAreNeverLostAndSayWhenToPause() throws {
        var client = Conversation(outputLimit: 1000)
        _ = try client.send(.register(event: "list-sa"), .request(command: "list-sas", [:]))
        #expect(client.session.hasRoom)
        for number in 0..<100 {
            #expect(client.session.stream("list-sa", ["gw": ["uniqueid": .number(number)]]) == .queued)
        }
        #expect(!client.session.hasRoom)
        client.session.reply([:])
        let packets = try client.read()
        #expect(packets.count == 102)
        #expect(packets.last == .response([:]))
        #expect(client.session.hasRoom)
    }

    @Test func whatFitsNoPacketIsStreamedInParts() throws {
        var client = Conversation(outputLimit: 1000)
        _ = try client.send(.register(event: "list-sa"), .request(command: "list-sas", [:]))
        let padding = String(repeating: "x", count: 60_000)
        var things = (0..<20).map { ("child-\($0)", padding) }
        things[7].1 = String(repeating: "y", count: VICIPacket.maximumLength)
        client.session.stream("list-sa", of: things[...]) { some in
            ["gw": .section(VICIMessage(entries: some.map { VICIMessage.Entry($0.0, .value(Array($0.1.utf8))) }))]
        }
        client.session.reply([:])
        let packets = try client.read()
        let told = packets.flatMap { packet -> [String] in
            guard case .event("list-sa", let message) = packet else { return [] }
            return message.section("gw")?.entries.map(\.name) ?? []
        }
        #expect(told == (0..<20).filter { $0 != 7 }.map { "child-\($0)" })
        #expect(packets.count > 3)
        #expect(packets.last == .response([:]))
        #expect(client.session.droppedEvents == 1)
    }

    @Test func aClientThatAsksAndNeverReadsIsRefused() throws {
        var client = Conversation(outputLimit: 1000)
        let largest = VICIMessage(
            entries: (0..<7).map { _ in .init("v", .value([UInt8](repeating: 7, count: 65_535))) }
        )
        #expect(throws: VICISession.ViolationError.doesNotRead) {
            for _ in 0..<10 {
                _ = try client.send(Self.version)
                client.session.reply(largest)
            }
        }
        #expect(client.session.output.count < 2 * VICIPacket.maximumLength)
    }

    @Test func anAnswerThatFitsNoPacketBecomesAnErrorMessage() throws {
        var client = Conversation()
        _ = try client.send(Self.version)
        client.session.reply(["text": .value([UInt8](repeating: 7, count: 70_000))])
        guard case .response(let answer) = try client.read().first else {
            Issue.record("no response")
            return
        }
        #expect(answer["success"] == "no")
        #expect(answer["errmsg"]?.contains("'text' has 70000 octets") == true)
    }

    @Test func outputIsTakenInWhateverPiecesTheSocketTakes() throws {
        var client = Conversation()
        _ = try client.send(.register(event: "log"))
        for number in 0..<50 { client.session.event("log", ["msg": "line \(number)"]) }
        var bytes: [UInt8] = []
        while !client.session.output.isEmpty {
            let piece = client.session.output.prefix(13)
            bytes += piece
            client.session.didSend(piece.count)
        }
        var decoder = VICIPacketDecoder()
        decoder.append(bytes)
        var packets: [VICIPacket] = []
        while let packet = try decoder.next() { packets.append(packet) }
        #expect(packets.count == 51)
        #expect(packets.last == .event("log", ["msg": "line 49"]))
    }
}
