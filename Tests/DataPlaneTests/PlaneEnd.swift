import DataPlane
import ESP
import Glibc
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import Testing

/// A data plane whose device is in memory: the test plays the kernel behind the TUN device.
struct PlaneEnd: ~Copyable {
    let plane: DataPlane
    /// The kernel's side of each queue of the device.
    let hosts: [TUNQueue]

    /// A plane at `address` with ports that the kernel chooses; no privilege is needed.
    ///
    /// - Parameter hasVirtioHeader: whether one stands before each packet that the test sends and receives.
    init(
        at address: IPAddress,
        queues: Int = 1,
        rawESP: Bool = false,
        ikeCapacity: Int = 1024,
        hasVirtioHeader: Bool = false,
        offloads: DataPlaneConfiguration.Offloads = .init()
    ) throws {
        var configuration = DataPlaneConfiguration()
        configuration.addresses = [address]
        configuration.ikePort = 0
        configuration.natPort = 0
        configuration.usesRawESP = rawESP
        configuration.ikeCapacity = ikeCapacity
        configuration.offloads = offloads
        var (devices, hosts): ([TUNQueue], [TUNQueue]) = ([], [])
        for _ in 0..<queues {
            try FileDescriptor.datagramPair().split { device, host in
                devices.append(TUNQueue(device, hasVirtioHeader: hasVirtioHeader))
                hosts.append(TUNQueue(host))
            }
        }
        plane = try DataPlane.start(configuration, device: TUNDevice(inMemory: devices))
        self.hosts = hosts
    }

    /// A plane whose kernel side is closed at once.
    static func losing() throws -> DataPlane { try PlaneEnd(at: IPAddress(v4: 0x7f00_0001)).plane }

    /// The same end as a value that an array takes.
    consuming func moved() -> Moved { Moved(self) }

    final class Moved {
        let end: PlaneEnd
        init(_ end: consuming PlaneEnd) { self.end = end }
    }

    var ike: SocketAddress { get throws { try #require(plane.transport.ikeAddresses.first) } }
    var nat: SocketAddress { get throws { try #require(plane.transport.natAddresses.first) } }

    /// Lets the kernel route a packet into the tunnel, through a queue of the device.
    func send(_ packet: [UInt8], queue: Int = 0) throws {
        let code = packet.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return EINVAL }
            var gathered = GatheredPacket(capacity: 1)
            gathered.append(start, bytes.count)
            return hosts[queue].write(gathered)
        }
        #expect(code == 0)
    }

    /// The next packet that comes out of the tunnel, and through which queue; nil if none comes for `milliseconds`.
    func receiveFromQueue(milliseconds: Int32 = 5000) throws -> (packet: [UInt8], queue: Int)? {
        let epoll = try Epoll()
        var events = Epoll.EventBuffer(capacity: 1)
        for (index, host) in hosts.enumerated() { try epoll.add(host.raw, .readable, token: UInt64(index)) }
        try epoll.wait(into: &events, milliseconds: milliseconds)
        guard events.count > 0 else { return nil }
        let index = Int(events[0].token)
        var buffer = [UInt8](repeating: 0, count: 65_535)
        let count = try buffer.withUnsafeMutableBytes { try hosts[index].read(into: $0) }
        return count.map { (Array(buffer.prefix($0)), index) }
    }

    func receive(milliseconds: Int32 = 5000) throws -> [UInt8]? {
        try receiveFromQueue(milliseconds: milliseconds)?.packet
    }
}

/// Waits until the worker has done something that nothing but its counters shows.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        usleep(5000)
    }
    return condition()
}

/// The keys and numbers of one CHILD SA between two ends.
struct TestChild {
    var id = ChildID(rawValue: 1)
    let suite: CipherSuite
    let sequenceNumbers: SequenceNumbers
    /// For each direction: towards the second end, towards the first end.
    let spis: (ESPSPI, ESPSPI)
    let keys: (CipherKeys, CipherKeys)
    let first: [TrafficSelector]
    let second: [TrafficSelector]
    /// What both ends fill inner packets up to.
    var minimumInnerLength = 0
    /// Who sends on it, at both ends.
    var sender = OutboundParameters.Sender.all

    init(
        _ suite: CipherSuite,
        sequenceNumbers: SequenceNumbers = .standard,
        first: [TrafficSelector],
        second: [TrafficSelector],
        seed: UInt64 = 1
    ) {
        var dice = Dice(seed: seed)
        func secret(_ count: Int) -> SecretBytes {
            SecretBytes(copying: (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &dice) })
        }
        func keys() -> CipherKeys {
            CipherKeys(
                encryption: secret(suite.encryptionKeyLength),
                integrity: secret(suite.integrityKeyLength)
            )
        }
        self.suite = suite
        self.sequenceNumbers = sequenceNumbers
        self.keys = (keys(), keys())
        self.spis = (
            ESPSPI(rawValue: .random(in: 256 ... .max, using: &dice)),
            ESPSPI(rawValue: .random(in: 256 ... .max, using: &dice))
        )
        self.first = first
        self.second = second
    }

    /// What the first end installs, or with `swapped` the second.
    func inbound(swapped: Bool = false) -> InboundParameters {
        InboundParameters(
            child: id,
            spi: swapped ? spis.0 : spis.1,
            suite: suite,
            keys: swapped ? keys.0 : keys.1,
            sequenceNumbers: sequenceNumbers,
            local: swapped ? second : first,
            remote: swapped ? first : second
        )
    }

    /// What the first end installs, or with `swapped` the second.
    func outbound(_ encapsulation: Encapsulation, pathMTU: Int? = nil, swapped: Bool = false) -> OutboundParameters {
        OutboundParameters(
            child: id,
            spi: swapped ? spis.1 : spis.0,
            suite: suite,
            keys: swapped ? keys.1 : keys.0,
            sequenceNumbers: sequenceNumbers,
            local: swapped ? second : first,
            remote: swapped ? first : second,
            encapsulation: encapsulation,
            pathMTU: pathMTU,
            minimumInnerLength: minimumInnerLength,
            sender: sender
        )
    }

    /// Installs both directions at both ends, over UDP.
    func install(_ one: borrowing PlaneEnd, _ other: borrowing PlaneEnd, pathMTU: Int? = nil) throws {
        try one.plane.install(inbound: inbound())
        try other.plane.install(inbound: inbound(swapped: true))
        let (here, there) = (try one.nat, try other.nat)
        try one.plane.install(outbound: outbound(.udp(local: here, remote: there), pathMTU: pathMTU))
        try other.plane.install(
            outbound: outbound(.udp(local: there, remote: here), pathMTU: pathMTU, swapped: true)
        )
    }

    /// Every suite that ESP can use here.
    static var allSuites: [CipherSuite] {
        let aeads: [(EncryptionAlgorithm, [Int?])] = [
            (.aesGCM8, [128]), (.aesGCM12, [192]), (.aesGCM16, [128, 256]),
            (.aesCCM8, [128]), (.aesCCM12, [256]), (.aesCCM16, [128]), (.chaCha20Poly1305, [nil]),
            (.aesGCM16ImplicitIV, [256]), (.aesCCM8ImplicitIV, [128]), (.chaCha20Poly1305ImplicitIV, [nil]),
        ]
        let ciphers: [(EncryptionAlgorithm, [Int?])] = [(.aesCBC, [128, 256]), (.aesCTR, [128])]
        let integrities: [IntegrityAlgorithm] = [
            .hmacSHA2_256_128, .hmacSHA2_384_192, .hmacSHA2_512_256, .hmacSHA1_96, .aesCMAC_96, .aesXCBC_96,
        ]
        var suites: [CipherSuite?] = []
        for (algorithm, lengths) in aeads {
            suites += lengths.map { try? CipherSuite(encryption: algorithm, keyLength: $0, integrity: nil) }
        }
        for (algorithm, lengths) in ciphers {
            for length in lengths {
                suites += integrities.map { try? CipherSuite(encryption: algorithm, keyLength: length, integrity: $0) }
            }
        }
        return suites.compactMap { $0 }
    }

    /// The second end of the SA without a data plane around it, for what a test sends itself.
    func peer() throws -> OutboundSA {
        try OutboundSA(spi: spis.1, suite: suite, keys: keys.1, sequenceNumbers: sequenceNumbers)
    }
}
