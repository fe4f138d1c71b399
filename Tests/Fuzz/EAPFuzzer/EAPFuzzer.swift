import FuzzDriver
import IKECore
import IKECrypto
import IKEWire
import Support

/// Called by libFuzzer for every input. Whatever the octets are: no side of a method of EAP may trap or come to an outcome.
///
/// An input is a row of messages, each behind an octet with its length, for a side that the first octet chooses. A conversation
/// begins as it should, so that the messages reach the method.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = octets.first else { return 0 }
    let messages = split(octets.dropFirst())
    let method = EAPMethod.allCases[Int(choice >> 1) % EAPMethod.allCases.count]
    if choice & 1 == 0 { askPeer(method, messages) } else { answerServer(method, messages) }
    checkAttributes(Array(octets.dropFirst()))
    return 0
}

private func split(_ octets: ArraySlice<UInt8>) -> [[UInt8]] {
    var rest = octets
    var messages: [[UInt8]] = []
    while let length = rest.popFirst() {
        messages.append(Array(rest.prefix(Int(length))))
        rest = rest.dropFirst(Int(length))
    }
    return messages
}

// MARK: - Sides

private let random = SystemRandom()

/// A server's certificate, and the authority that has issued it.
private let credentials = made {
    let authority = try RevokingAuthority()
    let end = try authority.issue("end")
    return EAPTLSCredentials(
        certificates: [end.certificate],
        privateKey: end.key,
        trust: TrustStore(authorities: [authority.certificate]),
        today: Fixture.today
    )
}

private let user = Array("alice".utf8)

private func askPeer(_ method: EAPMethod, _ messages: [[UInt8]]) {
    var peer = EAPPeer(
        method: method,
        identity: user,
        password: random.secret(8),
        tls: credentials,
        random: random
    )
    if method != .mschapV2 { _ = try? peer.respond(to: .request(identifier: 0, type: method.type, data: [0x20])) }
    for message in messages {
        let request = EAPMessage.request(identifier: 1, type: method.type, data: message)
        guard (try? peer.respond(to: request)) != nil else { break }
    }
    guard (try? peer.finish(.success(identifier: 0))) == nil else {
        fail("a server without the password is believed", [])
    }
}

private func answerServer(_ method: EAPMethod, _ messages: [[UInt8]]) {
    var server = EAPAuthenticator(
        method: method,
        asksIdentity: false,
        assumedIdentity: user,
        password: { _ in random.secret(8) },
        tls: credentials,
        random: random
    )
    guard var identifier = try? server.begin().identifier else { return }
    for message in messages {
        let response = EAPMessage.response(identifier: identifier, type: method.type, data: message)
        switch try? server.process(response) {
        case .request(let request): identifier = request.identifier
        case .success: fail("a client without the password is believed", message)
        case .failure, nil: return
        }
    }
}

// MARK: - Attributes of TTLS

/// What is read is written again as attributes that read alike.
private func checkAttributes(_ octets: [UInt8]) {
    guard let attributes = try? AVP.parse(SecretBytes(copying: octets)) else { return }
    for attribute in attributes {
        guard let encoded = attribute.encoded, (try? AVP.parse(encoded))?.count == 1 else {
            fail("an attribute cannot be written", octets)
        }
    }
}
