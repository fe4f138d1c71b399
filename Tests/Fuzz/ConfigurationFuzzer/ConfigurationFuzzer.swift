import FuzzDriver
import IKECore
import IKECrypto
import IKEWire
import Inet
import Support

/// Called by libFuzzer for every input. Whatever a peer that has authenticated wants to be configured with, or configures: it must
/// not trap, an address must come out of a pool, and of names only such as are some must get further.
///
/// An input is the body of a CP payload, for a side that the first octet chooses, and for that side's reading of each attribute.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = octets.first else { return 0 }
    let payload = Payload(.unknown(.configuration, Array(octets.dropFirst())))
    do {
        if choice & 1 == 0 { try ask(payload) } else { try assign(payload) }
    } catch {
        // The script and the engine did not go together: the payload cannot be encoded.
    }
    readAttributes(Array(octets.dropFirst()))
    return 0
}

// MARK: - A gateway is asked

private let pools = [
    AddressPool(
        name: "four",
        addresses: address("10.3.0.1")...address("10.3.0.2"),
        attributes: [
            ConfigurationAttribute(.internalIP4DNS, value: [10, 3, 0, 53])
        ]
    ),
    AddressPool(name: "six", addresses: address("fd03::1")...address("fd03::2"), attributes: []),
]

private func address(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { fail("not an address", Array(text.utf8)) }
    return address
}

private func ask(_ wish: Payload) throws {
    var policy = TwoSites().left
    policy.connections[0].pools = pools.map(\.name)
    policy.connections[0].children[0].remoteSelectors = [.dynamic(protocolID: .any, ports: .any)]
    policy.pools = pools
    let peer = try ScriptedPeer(policy)
    try peer.agreeInit()
    try peer.requestAuth { $0.payloads.append(wish) }
    for summary in peer.engine.summaries(now: peer.now) {
        for address in summary.remoteVirtual where !pools.contains(where: { $0.addresses.contains(address) }) {
            fail("an address of no pool was assigned: \(address)", [])
        }
        guard Set(summary.remoteVirtual).count == summary.remoteVirtual.count else {
            fail("an address was assigned twice", [])
        }
    }
    _ = try peer.remaining()
}

// MARK: - A client is configured

private func assign(_ reply: Payload) throws {
    var policy = TwoSites().left
    policy.connections[0].virtualAddresses = [.anyV4, .anyV6]
    policy.connections[0].children[0].localSelectors = [.dynamic(protocolID: .any, ports: .any)]
    let peer = try ScriptedPeer(policy)
    peer.initiate()
    try peer.answerInit(try peer.nextRequest(.ikeSAInit))
    try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.payloads.append(reply) }
    for summary in peer.engine.summaries(now: peer.now) {
        check(summary.dns)
        for address in summary.localVirtual where address.isUnspecified || address.isMulticast || address.isLoopback {
            fail("an address that no host can have was taken: \(address)", [])
        }
    }
}

/// What goes to the host's resolver and into logs.
private func check(_ dns: InnerDNS) {
    for domain in dns.domains where DomainName.text(domain.utf8) != domain { fail("not a domain", Array(domain.utf8)) }
    for resolver in dns.encrypted { check(resolver) }
    for digest in dns.digests where !digest.name.isEmpty && DomainName.text(digest.name.utf8) != digest.name {
        fail("not a name", Array(digest.name.utf8))
    }
}

private func check(_ resolver: EncryptedResolver) {
    guard DomainName.text(resolver.name.utf8) == resolver.name else { fail("not a name", Array(resolver.name.utf8)) }
    guard resolver.description.unicodeScalars.allSatisfy(\.isPrintable) else {
        fail("a resolver's description has control characters", Array(resolver.description.utf8))
    }
}

// MARK: - Attributes

private func readAttributes(_ octets: [UInt8]) {
    guard let payloads = try? PayloadChain.decode(first: .configuration, header(octets) + octets, at: 0),
        let configuration = payloads.configuration
    else { return }
    for attribute in configuration.attributes {
        if let resolver = EncryptedResolver(attribute) { check(resolver) }
        _ = ResolverDigest(attribute)
    }
    _ = payloads.map(\.summary)
    guard let encoded = try? PayloadChain.encode(payloads), encoded.1 == header(octets) + octets else {
        fail("a configuration is encoded differently", octets)
    }
}

private func header(_ body: [UInt8]) -> [UInt8] {
    let length = UInt16(truncatingIfNeeded: body.count + 4)
    return [0, 0, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
}
