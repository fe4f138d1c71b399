package import IKECrypto
package import IKEWire
package import Inet

/// One IKE message on the wire, with the addresses that it came from or goes to.
///
/// `bytes` start with the IKE header: the transport adds and strips the non-ESP marker of port 4500 (RFC 7296 section 2.23).
package struct Datagram: Hashable, Sendable {
    package var local: SocketAddress
    package var remote: SocketAddress
    package var bytes: [UInt8]
    /// Whether IP may cut it into fragments. If not, it is lost where the path takes less, which is what it is to find out.
    package var mayBeFragmented: Bool

    package init(local: SocketAddress, remote: SocketAddress, bytes: [UInt8], mayBeFragmented: Bool = true) {
        self.local = local
        self.remote = remote
        self.bytes = bytes
        self.mayBeFragmented = mayBeFragmented
    }
}

/// Names a command so that its end can be reported to whoever gave it.
package struct CommandID: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Names a question about addresses, for its answer.
package struct LookUpID: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a person or the configuration asks of the engine.
package enum Command: Sendable {
    /// Bring a connection up with these of its children; the addresses are resolved by the caller.
    case initiate(connection: String, ChildChoice, local: SocketAddress, remote: SocketAddress)
    /// Bring one child up because of a packet that no SA carries: as `initiate`, but an SA that the packet does not fit is not
    /// enough, and the packet's selectors are offered before those of the policy (RFC 7296 section 2.9).
    case acquire(connection: String, child: String, PacketSelectors, local: SocketAddress, remote: SocketAddress)
    /// Take SAs down, telling the peers.
    case terminate([SAReference])
    /// Start a rekeying now.
    case rekey([SAReference])
    /// Have new IKE SAs take the place of these, make before break: begun by us, or by the peer, which is asked to.
    case reauthenticate([SAReference])
    /// Have the SAs of these connections become what the policy says now (`FollowUp`).
    case follow(Set<String>)
    /// Ask the peer of an IKE SA whether it lives, by an empty INFORMATIONAL exchange, and say how long it took to answer.
    case ping(SAReference)
    /// Delete every SA; no new one is accepted from then on.
    case shutDown
}

/// The addresses, protocol and ports of a packet that is to go out.
package struct PacketSelectors: Hashable, Sendable {
    package let local: TrafficSelector
    package let remote: TrafficSelector

    package init(local: TrafficSelector, remote: TrafficSelector) {
        self.local = local
        self.remote = remote
    }
}

/// Which children of a connection an initiation means.
package enum ChildChoice: Hashable, Sendable {
    case all
    case only(String)
    /// Only the IKE SA (RFC 6023).
    case none
}

/// An SA that a command means, by the id that summaries show.
package enum SAReference: Hashable, Sendable {
    case ikeSA(id: UInt32)
    case childSA(id: UInt32)
}

/// What comes into the engine.
package enum Input: Sendable {
    case datagram(Datagram)
    case command(Command, CommandID)
    /// Connections and secrets from now on; SAs that stand are left alone until they are told to `follow`.
    case policy(Policy)
    /// What CHILD SAs have carried, by their ids: proof that the peer is alive (RFC 7296 section 2.4), and what volume limits
    /// go by. To be given before `timer`.
    case childUsage([UInt32: ChildUsage])
    /// The addresses or routes of the host, after each change that matters.
    case network(LocalNetwork)
    /// One of the resources that send, by its number, has packets for a CHILD SA that is for all (`ChildResource.all`).
    case resourceWanted(childSA: UInt32, number: UInt32)
    /// An authentic ESP packet of a CHILD SA, newer than all before it, came along another path than the SA has.
    case childArrival(id: UInt32, Path)
    /// The answer to a `lookUp`; nil: the names mean nothing now, and the addresses known so far must do.
    case lookedUp(LookUpID, Path?)
    /// What an authentication server says to an `askServer`.
    case serverAnswered(ServerConversationID, ServerAnswer)
    /// What was found out for an `inquire`, as far as anything was.
    case inquiryAnswered(InquiryID, RevocationEvidence)
    /// What came of a `fetch`: all that was to be fetched, or why something is missing.
    case certificatesFetched(InquiryID, Result<[FetchedCertificate], CertificateFetchFailure>)
    /// The data plane refused a packet of which its sender should hear.
    case strayPacket(StrayPacket)
    /// Nothing but the time: deadlines that passed are acted on.
    case timer
}

extension Input {
    var arrival: Path? {
        guard case .datagram(let datagram) = self else { return nil }
        return datagram.path
    }
}

/// What the engine asks of its surroundings, in this order.
package enum Output: Sendable {
    case send(Datagram)
    /// One octet 0xFF from 4500 to 4500 that keeps a NAT's mapping alive (RFC 3948 section 2.3).
    case sendKeepalive(local: SocketAddress, remote: SocketAddress)
    /// Say where the connection's ends are now, as a `lookedUp` input: its host names may mean other addresses than before.
    case lookUp(connection: String, LookUpID)
    /// Hand the client's EAP response to an authentication server; the answer comes as a `serverAnswered` input.
    case askServer(ServerQuestion)
    /// No answer is waited for any more, and no further question comes.
    case endConversation(ServerConversationID)
    /// Find out whether certificates are revoked; the answer comes as an `inquiryAnswered` input. Nobody waits for it longer than
    /// `RevocationInquiry.patience`.
    case inquire(RevocationInquiry)
    /// Fetch certificates that a peer has said the places of; the answer comes as a `certificatesFetched` input. Nobody waits for it
    /// longer than `CertificateInquiry.patience`.
    case fetch(CertificateInquiry)
    /// From now on accept what arrives on the CHILD SA's inbound SPI.
    case installInbound(ChildSA)
    /// From now on send what matches the CHILD SA's selectors on its outbound SPI; it goes before older SAs of the same selectors.
    case installOutbound(ChildSA)
    /// From now on the CHILD SA's packets go along its present addresses, in UDP or not as it says; nothing else about it
    /// has changed.
    case updateChild(ChildSA)
    /// Send nothing on the CHILD SA any more; older ones of the same selectors take over. It goes on receiving.
    case removeOutbound(ChildSA)
    /// Forget the CHILD SA in both directions.
    case removeChild(ChildSA)
    /// A peer has assigned this address to us: the tunnel's device is to have it.
    case addAddress(IPAddress, connection: String)
    /// The address is ours no longer.
    case removeAddress(IPAddress)
    case event(Event)
    case log(LogRecord)
    /// Keys for a packet analyser; only when the settings ask for it.
    case keys(KeyExport)
}

/// Keys of an SA in the form that Wireshark's decryption tables need.
package enum KeyExport: Sendable {
    case ike(spiI: IKESPI, spiR: IKESPI, suite: CipherSuite, keys: IKEKeys)
    case esp(ChildSA)
}
