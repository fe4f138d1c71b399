import ESP
import IKEWire
import Inet
import LinuxNet
import Testing

@testable import DataPlane

/// Who reads the device: the test is the inbound thread.
@Suite struct OutboundTurnsTests {
    /// More packets than count as few, in one read of the device.
    private static let many = 40

    /// A queue of a device in memory, with one SA for what it has, to be sent to a socket that nobody reads.
    private final class Queue {
        let host: TUNQueue
        let inboundEpoll: Epoll
        let turns: OutboundTurns
        let commands: CommandMailbox<OutboundCommand>
        private let sockets: PlaneSockets
        private let tallies = ChildTallies()

        init() throws {
            var configuration = DataPlaneConfiguration()
            configuration.addresses = [DataPlaneTests.here]
            configuration.ikePort = 0
            configuration.natPort = 0
            configuration.usesRawESP = false
            sockets = try #require(try PlaneSockets.open(configuration, workers: 1).first)
            let place = try #require(sockets.all.firstIndex { $0.role == .natTraversal })
            var (ends, epolls) = ([TUNQueue](), (try Epoll(), try Epoll()))
            try FileDescriptor.datagramPair().split { device, host in
                ends = [TUNQueue(device, hasVirtioHeader: true), TUNQueue(host)]
            }
            (host, inboundEpoll) = (ends[1], epolls.1)
            commands = try CommandMailbox()
            let events = try EventMailbox(capacity: 8)
            let worker = try OutboundWorker(
                number: 0,
                queue: ends[0],
                sockets: sockets,
                commands: commands,
                events: events,
                tallies: PlaneTallies(),
                mark: 0,
                joinsSends: true,
                epoll: epolls.0
            )
            turns = try OutboundTurns(
                worker,
                queue: ends[0],
                events: events,
                epoll: epolls.0,
                inboundEpoll: inboundEpoll
            )
            let address = sockets.all[place].socket.local
            let parameters = try DataPlaneTests.child().outbound(.udp(local: address, remote: address))
            let path = OuterPath(encapsulation: parameters.encapsulation, socket: place, mtu: 1500)
            let child = try OutboundChild(parameters, path, tallies: tallies.outbound, workers: 1)
            commands.post(.install(child, isOwn: false, local: parameters.local, remote: parameters.remote))
        }

        /// Lets the kernel route packets into the tunnel, which the device yields as one.
        func send(_ packets: Int) {
            let size = 100
            let (packet, header) = SuperPacketTests.superPacket(
                Segments(),
                [UInt8](repeating: 9, count: packets * size),
                size: size
            )
            var bytes = [UInt8](repeating: 0, count: VirtioHeader.length) + packet
            bytes.withUnsafeMutableBytes { if let base = $0.baseAddress { header.store(to: base) } }
            let code = bytes.withUnsafeBytes { bytes in
                var gathered = GatheredPacket(capacity: 1)
                if let start = bytes.baseAddress { gathered.append(start, bytes.count) }
                return host.write(gathered)
            }
            #expect(code == 0)
        }

        /// Whether the inbound thread is told that the device has something.
        var isLeftToInbound: Bool {
            get throws {
                var ready = Epoll.EventBuffer(capacity: 1)
                try inboundEpoll.wait(into: &ready, milliseconds: 0)
                return ready.count > 0
            }
        }

        var sent: UInt64 { tallies.snapshot.outbound.packets }
    }

    @Test func theInboundThreadSendsWhileOneDirectionHasLittleToDo() throws {
        for (outbound, inbound) in [(1, 1), (1, Self.many), (Self.many, 1)] {
            let queue = try Queue()
            let now = MonotonicClock.nanoseconds
            queue.turns.noteInbound(inbound, at: now)
            queue.send(outbound)
            queue.turns.takeTurn(at: now)
            #expect(queue.sent == UInt64(outbound))
            queue.send(1)
            #expect(try queue.isLeftToInbound)
        }
    }

    @Test func theOtherThreadSendsWhileBothDirectionsAreBusyAndNoLonger() throws {
        let queue = try Queue()
        let now = MonotonicClock.nanoseconds
        queue.turns.noteInbound(Self.many, at: now)
        queue.send(Self.many)
        queue.turns.takeTurn(at: now)
        queue.send(1)
        #expect(try !queue.isLeftToInbound)

        let turns = queue.turns
        let other = try NativeThread(name: "turns") { turns.run() }
        #expect(eventually { queue.sent == UInt64(Self.many + 1) })
        // Neither direction has had much to do for a while.
        let isGivenBack = eventually {
            queue.send(1)
            return (try? queue.isLeftToInbound) == true
        }
        #expect(isGivenBack)
        queue.commands.post(.stop)
        other.join()
    }

    @Test func aDirectionThatWasBusyLongAgoIsNoMore() throws {
        let queue = try Queue()
        let now = MonotonicClock.nanoseconds
        queue.turns.noteInbound(Self.many, at: now - 1_000_000_000)
        queue.send(Self.many)
        queue.turns.takeTurn(at: now)
        queue.send(1)
        #expect(try queue.isLeftToInbound)
    }
}
