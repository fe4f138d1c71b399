import FuzzDriver
import IKECore
import IKECrypto
import IKEWire
import Support

/// Called by libFuzzer for every input. Whatever a peer sends as certificates: reading and judging it must not trap, and nobody comes
/// in whom no authority vouches for.
///
/// An input is a row of items, each behind two octets with its length, for a use that the first octet chooses: certificates to build a
/// chain from; a list of revoked certificates and a public key; or the certificates, the request and the proof of an IKE_AUTH message, to
/// a responder or to an initiator.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = octets.first else { return 0 }
    let items = split(octets.dropFirst())
    switch choice % 4 {
    case 0: judge(items)
    case 1: readOthers(items)
    case 2: try? authenticate(items, asInitiator: true)
    default: try? authenticate(items, asInitiator: false)
    }
    return 0
}

private func split(_ octets: ArraySlice<UInt8>) -> [[UInt8]] {
    var rest = octets
    var items: [[UInt8]] = []
    while let high = rest.popFirst(), let low = rest.popFirst(), items.count < mostItems {
        let length = Int(high) << 8 | Int(low)
        items.append(Array(rest.prefix(length)))
        rest = rest.dropFirst(length)
    }
    return items
}

private let mostItems = 8

// MARK: - Certificates

/// An authority that is trusted, its list of revoked certificates, and an end that it has issued to.
private let credentials = made {
    let authority = try RevokingAuthority()
    let end = try authority.issue("end")
    return Credentials(
        privateKeys: [end.key],
        certificates: [end.certificate],
        trust: TrustStore(authorities: [authority.certificate], revocationLists: [try authority.list()])
    )
}

private func judge(_ items: [[UInt8]]) {
    let certificates = items.compactMap { try? X509Certificate(der: $0) }
    for certificate in certificates { read(certificate) }
    guard let leaf = certificates.first else { return }
    let store = TrustStore(
        authorities: credentials.trust.authorities + certificates.filter(\.isSelfSigned),
        revocationLists: credentials.trust.revocationLists
            + items.compactMap { try? RevocationList.parse($0).first }
    )
    let others = Array(certificates.dropFirst())
    for policy in [RevocationPolicy.relaxed, .ifURI, .strict] {
        do {
            _ = try store.verify(leaf, intermediates: others, at: leaf.notBefore, revocation: policy, limitedTo: nil)
        } catch {
            _ = "\(error)"
        }
    }
}

/// What logs print, and whom it is for.
private func read(_ certificate: X509Certificate) {
    _ = "\(certificate.subjectText) \(certificate.issuerText) \(certificate.publicKey)"
    _ = "\(certificate.notBefore) \(certificate.notAfter) \(certificate.revocationListURLs) \(certificate.ocspURLs)"
    let subject = Identification(type: .distinguishedName, data: certificate.subject)
    guard certificate.confirms(subject) else { fail("a certificate is not for its own subject", certificate.der) }
    for type in [IDType.fqdn, .rfc822Address, .ipv4Address, .ipv6Address, .keyID] {
        _ = certificate.confirms(Identification(type: type, data: certificate.serialNumber))
    }
    guard (try? X509Certificate.parse(certificate.pem())) == [certificate] else {
        fail("a certificate is written differently", certificate.der)
    }
}

private func readOthers(_ items: [[UInt8]]) {
    for item in items {
        for list in (try? RevocationList.parse(item)) ?? [] {
            _ = "\(list.issuerText) \(list.thisUpdate) \(list.count)"
            _ = credentials.trust.authorities.map { list.isSigned(by: $0) }
        }
        if let key = try? PublicKey.parse(item) {
            _ = key.verify(item, of: item, by: .ecdsa(.sha2_256))
            _ = key.verify(item, of: item, by: .rsaPSS(.sha2_256))
        }
        _ = SignatureScheme(algorithmIdentifier: item)
    }
}

// MARK: - IKE_AUTH

private func policy() -> Policy {
    var policy = TwoSites().left
    policy.credentials = credentials
    policy.connections[0].local = AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: nil)
    policy.connections[0].remote = AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: nil)
    return policy
}

/// The items: a proof, whom it is of, what is asked for, and certificates.
private func authenticate(_ items: [[UInt8]], asInitiator: Bool) throws {
    let peer = try ScriptedPeer(policy())
    let proof = [UInt8](items.first ?? [])
    let subject = items.dropFirst(3).first.flatMap { try? X509Certificate(der: $0).subject }
    let identity = Identification(type: .distinguishedName, data: subject ?? items.dropFirst().first ?? [])
    let method = AuthenticationMethod(rawValue: proof.first ?? 0)
    let payloads =
        [Payload(asInitiator ? .identificationInitiator(identity) : .identificationResponder(identity))]
        + items.dropFirst(3).map { Payload(.certificate(Certificate(encoding: .x509Signature, data: $0))) }
        + items.dropFirst(2).prefix(1).map {
            Payload(.certificateRequest(CertificateRequest(encoding: .x509Signature, authorities: $0)))
        }
        + [Payload(.authentication(Authentication(method: method, data: Array(proof.dropFirst()))))]
    if asInitiator {
        try peer.agreeInit()
        try peer.request(.ikeAuth, payloads)
    } else {
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answer(try peer.nextRequest(.ikeAuth), payloads)
    }
    guard !peer.isUp else { fail("a peer came in that nobody vouches for", items.flatMap { $0 }) }
}
