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
    /// The kernel's side of the device.
    let host: FileDescriptor

    /// A plane at `address` with ports that the kernel chooses; no privilege is needed.
    ///
    /// - Parameter hasVirtioHeader: whether one stands before each packet that the test sends and receives.
    init(
        at address: IPAddress,
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
        self = try Self.start(configuration, FileDescriptor.datagramPair(), hasVirtioHeader: hasVirtioHeader)
    }

    private init(plane: DataPlane, host: consuming FileDescriptor) {
        self.plane = plane
        self.host = host
    }

    private static func start(
        _ configuration: DataPlaneConfiguration,
        _ pair: consuming DescriptorPair,
        hasVirtioHeader: Bool = false
    ) throws -> PlaneEnd {
        try pair.split { device, host in
            let device = TUNDevice(inMemory: device, hasVirtioHeader: hasVirtioHeader)
            return PlaneEnd(plane: try DataPlane.start(configuration, device: device), host: host)
        }
    }

    /// A plane whose kernel side is closed at once.
    static func losing(_ pair: consuming DescriptorPair) throws -> DataPlane {
        var configuration = DataPlaneConfiguration()
        configuration.addresses = [IPAddress(v4: 0x7f00_0001)]
        configuration.ikePort = 0
        configuration.natPort = 0
        configuration.usesRawESP = false
        return try start(configuration, pair).plane
    }

    /// The same end as a value that an array takes.
    consuming func moved() -> Moved { Moved(self) }

    final class Moved {
        let end: PlaneEnd
        init(_ end: consuming PlaneEnd) { self.end = end }
    }

    var ike: SocketAddress { get throws { try #require(plane.transport.ikeAddresses.first) } }
    var nat: SocketAddress { get throws { try #require(plane.transport.natAddresses.first) } }

    /// Lets the kernel route a packet into the tunnel.
    func send(_ packet: [UInt8]) throws {
        let count = try packet.withUnsafeBytes { try host.write($0) }
        #expect(count == packet.count)
    }

    /// The next packet that comes out of the tunnel; nil if none comes for `milliseconds`.
    func receive(milliseconds: Int32 = 5000) throws -> [UInt8]? {
        let epoll = try Epoll()
        var events = Epoll.EventBuffer(capacity: 1)
        try epoll.add(host.raw, .readable, token: 0)
        try epoll.wait(into: &events, milliseconds: milliseconds)
        var buffer = [UInt8](repeating: 0, count: 65_535)
        let count = try buffer.withUnsafeMutableBytes { try host.read(into: $0) }
        return count.map { Array(buffer.prefix($0)) }
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
            minimumInnerLength: minimumInnerLength
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
}
