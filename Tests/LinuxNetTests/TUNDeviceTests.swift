import Glibc
import Inet
import LinuxNet
import LinuxNetSupport
import Testing

@Suite struct TUNDeviceNameTests {
    @Test(arguments: ["", "a/b", "sixteen-octets-x"])
    func anImpossibleNameIsRefusedBeforeTheKernelSeesIt(name: String) {
        let error = #expect(throws: Errno.self) { _ = try TUNDevice(name: name) }
        #expect(error?.code == EINVAL)
        #expect(error?.advice != nil)
    }
}

@Suite(.enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)))
struct TUNDeviceTests {
    @Test func aPacketForTheDevicesRouteIsReadAndOneWrittenArrives() throws {
        let outcome = try OwnNetwork.run {
            let device = try TUNDevice(name: "hnet%d")
            var netlink = try Netlink()
            let own = try #require(IPAddress("10.9.0.1"))
            let peer = try #require(IPAddress("10.9.1.7"))
            try netlink.addAddress(InterfaceAddress(own, interface: device.index))
            try netlink.setLink(index: device.index, up: true)
            try netlink.addRoute(Route(to: try #require(IPPrefix("10.9.1.0/24")), interface: device.index))

            let socket = try DatagramSocket.udp(
                bindingTo: SocketAddress(address: own, port: 7000),
                settings: SocketSettings()
            )
            try socket.send([1, 2, 3, 4], to: SocketAddress(address: peer, port: 7001))
            var buffer = [UInt8](repeating: 0, count: 65_535)
            // The kernel sends packets of its own (IPv6 router solicitations), too.
            var packet: [UInt8] = []
            while packet.first != 0x45 {
                guard let count = try buffer.withUnsafeMutableBytes({ try device.queues[0].read(into: $0) }) else {
                    break
                }
                packet = Array(buffer.prefix(count))
            }
            guard packet.count == 32 else { return ([packet], device.name) }

            // Send it back: swap the addresses and the ports, which changes no checksum.
            var answer = packet
            answer.replaceSubrange(12..<16, with: packet[16..<20])
            answer.replaceSubrange(16..<20, with: packet[12..<16])
            answer.replaceSubrange(20..<22, with: packet[22..<24])
            answer.replaceSubrange(22..<24, with: packet[20..<22])
            let code = answer.withUnsafeBytes { bytes in
                var gathered = GatheredPacket(capacity: 2)
                // In two pieces, as a header and a payload would be.
                for piece in [bytes[..<20], bytes[20...]] {
                    let octets = UnsafeRawBufferPointer(rebasing: piece)
                    if let start = octets.baseAddress { gathered.append(start, octets.count) }
                }
                return device.queues[0].write(gathered)
            }
            guard code == 0 else { return ([packet], device.name) }
            var batch = ReceiveBatch(capacity: 2)
            try batch.receive(from: socket)
            guard batch.count == 1 else { return ([packet], device.name) }
            return ([packet.suffix(4), Array(batch.bytes(at: 0))], device.name)
        }
        #expect(outcome.0 == [[1, 2, 3, 4], [1, 2, 3, 4]])
        #expect(outcome.1 == "hnet0")
    }

    @Test func aNameInUseByAnotherDeviceIsExplained() throws {
        let error = try OwnNetwork.run {
            let first = try TUNDevice(name: "hnet-busy")
            return failure { _ = try TUNDevice(name: first.name) }
        }
        #expect(error?.code == EBUSY)
        #expect(error?.advice?.contains("another process uses this device") == true)
    }

    @Test func aDeviceHasTheQueuesThatAreAskedFor() throws {
        let counts = try OwnNetwork.run {
            let several = try TUNDevice(name: "hnet%d", queues: 3)
            let one = try TUNDevice(name: "hnet%d")
            return (several.queues.count, several.name, one.queues.count, one.name)
        }
        #expect(counts == (3, "hnet0", 1, "hnet1"))
    }

    @Test func theDeviceIsGoneWhenItIsClosed() throws {
        let code = try OwnNetwork.run {
            var netlink = try Netlink()
            let name: String
            do {
                let device = try TUNDevice(name: "hnet-gone")
                name = device.name
                _ = try netlink.link(named: name)
            }
            return failure { _ = try netlink.link(named: name) }?.code
        }
        #expect(code == ENODEV)
    }
}
