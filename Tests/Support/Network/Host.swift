package import IKECore
package import IKECrypto
package import Inet

/// A host of the network with what its engine has told it so far.
package final class Host: CommandGiver {
    package let name: String
    /// The addresses that it has, the preferred one first.
    package private(set) var interfaces: [Interface]
    package private(set) var endpoint: Endpoint
    package let dataPlane = DataPlane()
    /// How many times it has been started anew.
    package private(set) var restarts = 0
    /// CHILD SAs that the data plane would accept on, by id.
    package private(set) var inbound: [UInt32: ChildSA] = [:]
    /// CHILD SAs that the data plane would send on, the latest last.
    package private(set) var outbound: [ChildSA] = []
    /// Addresses inside the tunnel that it has been assigned.
    package private(set) var assigned: [IPAddress] = []
    package private(set) var events: [Event] = []
    package private(set) var logs: [LogRecord] = []
    package private(set) var outcomes: [CommandID: CommandOutcome] = [:]
    package private(set) var keepalives = 0
    /// What is broken on purpose in the host around the engine.
    package var fault: (any HostFault)?
    /// Where its connections' ends are when the engine asks; nil: the names mean nothing.
    package var ends: Path?
    package private(set) var lookUps = 0
    var usageReported = Instant(nanoseconds: 0)
    /// When the engine wants to be called, as it said after the last call.
    private(set) var nextDeadline: Instant?
    let settings: Settings
    let crashSecret: SecretBytes?

    init(
        name: String,
        interfaces: [Interface],
        settings: Settings,
        crashSecret: SecretBytes?,
        endpoint: Endpoint
    ) {
        self.name = name
        self.interfaces = interfaces
        self.settings = settings
        self.crashSecret = crashSecret
        self.endpoint = endpoint
    }

    /// An address of a host; behind a NAT nobody else sees it.
    package struct Interface {
        package let address: IPAddress
        package let nat: NATBox?

        package init(_ address: String, behind nat: NATBox? = nil) {
            guard let address = IPAddress(address) else { preconditionFailure("not an address: \(address)") }
            self.address = address
            self.nat = nat
        }
    }

    /// Its first address; a host that has lost every address keeps none.
    package var address: IPAddress { interfaces.first?.address ?? .anyV4 }
    package var nat: NATBox? { interfaces.first?.nat }

    /// The address that its peers talk to.
    package var outerAddress: IPAddress { nat?.address ?? address }

    func interface(at address: IPAddress) -> Interface? { interfaces.first { $0.address == address } }

    func change(_ interfaces: [Interface]) { self.interfaces = interfaces }

    /// What it tells its engine of them.
    package var network: LocalNetwork { LocalNetwork(addresses: interfaces.map(\.address)) }

    /// Starts anew with another engine; all state is lost.
    func restart(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        restarts += 1
        inbound = [:]
        outbound = []
        assigned = []
        events = []
        logs = []
        dataPlane.clear()
        noteDeadline()
    }

    /// What an authentication server is to answer.
    package private(set) var questions: [ServerQuestion] = []

    /// What it finds out about certificates; nil: nothing ever comes back.
    package var findOut: ((RevocationInquiry) -> RevocationEvidence?) = { _ in nil }
    package private(set) var inquiries: [RevocationInquiry] = []

    /// What it fetches of certificates; nil: nothing ever comes back.
    package var fetch: ((CertificateInquiry) -> Result<[FetchedCertificate], CertificateFetchFailure>?) = { _ in nil }
    package private(set) var fetches: [CertificateInquiry] = []

    func noteDeadline() { nextDeadline = endpoint.nextDeadline }

    func note(_ output: Output, keepsHistory: Bool) {
        switch output {
        case .send, .keys: break
        case .addAddress(let address, connection: _): assigned.append(address)
        case .removeAddress(let address): assigned.removeAll { $0 == address }
        case .lookUp: lookUps += 1
        case .askServer(let question): questions.append(question)
        case .endConversation(let id): questions.removeAll { $0.conversation == id }
        case .inquire(let inquiry): inquiries.append(inquiry)
        case .fetch(let inquiry): fetches.append(inquiry)
        case .sendKeepalive: keepalives += 1
        case .installInbound(let childSA): inbound[childSA.id] = childSA
        case .installOutbound(let childSA):
            outbound.removeAll { $0.id == childSA.id }
            outbound.append(childSA)
        case .updateChild(let childSA):
            if let old = inbound[childSA.id] { inbound[childSA.id] = childSA.keeping(old.keys) }
            if let index = outbound.firstIndex(where: { $0.id == childSA.id }) {
                outbound[index] = childSA.keeping(outbound[index].keys)
            }
        case .removeOutbound(let childSA): outbound.removeAll { $0.id == childSA.id }
        case .removeChild(let childSA):
            inbound[childSA.id] = nil
            outbound.removeAll { $0.id == childSA.id }
        case .event(.commandFinished(let id, let outcome)): outcomes[id] = outcome
        case .event(let event): if keepsHistory { events.append(event) }
        case .log(let record): if keepsHistory { logs.append(record) }
        }
        dataPlane.apply(output)
    }
}

/// A host whose surroundings of the engine are broken, for tests that show that somebody notices.
package protocol HostFault: AnyObject {
    /// What is done in place of `output`.
    func perform(_ output: Output, of host: Host, in network: Network) -> [Output]
    /// Whether the host forgets to tell the engine of the time.
    var forgetsTimers: Bool { get }
}

extension HostFault {
    package var forgetsTimers: Bool { false }
}
