import FuzzDriver
import IKECrypto
import IKEWire
import RADIUS

/// Called by libFuzzer for every input. Whatever a server sends: reading it must not trap, and what is read as a packet must encode
/// to itself.
///
/// An input is taken for a packet, and for the attributes of an authentic answer, which the fuzzer could not find by itself.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: start, count: count))
    if let packet = try? Packet(parsing: octets) {
        guard let encoded = try? packet.encoded(), octets.starts(with: encoded) else {
            fail("a packet is encoded differently", octets)
        }
    }
    let request = SignedRequest(code: .accessRequest, identifier: 0, authenticator: zeros, octets: [])
    _ = try? request.checkedAnswer(octets, secret: secret)
    var fitting = [octets.first ?? 0, 0] + zeros.prefix(2) + zeros + octets.dropFirst()
    fitting[2] = UInt8(truncatingIfNeeded: fitting.count >> 8)
    fitting[3] = UInt8(truncatingIfNeeded: fitting.count)
    if let packet = try? Packet(parsing: fitting) { read(packet) }
    return 0
}

private let zeros = [UInt8](repeating: 0, count: Packet.authenticatorLength)
private let secret = SecretBytes(copying: [1, 2, 3])

/// Everything that is read of an answer once it is known to be authentic.
private func read(_ packet: Packet) {
    _ = packet.replyMessage
    _ = try? packet.eapMessage()
    _ = try? packet.masterSessionKey(secret: secret, requestAuthenticator: zeros)
    let answer = RADIUSClient.Answer(packet: packet, server: 0, requestAuthenticator: zeros)
    _ = try? AccessGrant(answer, secret: secret)
}
