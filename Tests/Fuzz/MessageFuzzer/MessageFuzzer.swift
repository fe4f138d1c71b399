import FuzzDriver
import IKEWire

/// Called by libFuzzer for every input. Whatever the octets are: decoding must not trap, and what it accepts must encode to itself.
///
/// An input is taken for a message; for one whose header has the right version and length, so that the fuzzer need not find
/// them; and what follows the header for what an encrypted payload held.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: start, count: count))
    checkMessage(octets)
    if let header = try? Header(parsing: octets.span.bytes) {
        checkMessage(octets.withFittingHeader)
        checkChain(first: header.nextPayload, Array(octets.dropFirst(Header.length)))
    }
    return 0
}

private func checkMessage(_ octets: [UInt8]) {
    do throws(WireError) {
        let message = try Message(parsing: octets)
        checkText(of: message)
        guard try message.encoded() == octets else { fail("a message is encoded differently", octets) }
    } catch {
        check(error, in: octets)
    }
}

private func checkChain(first: PayloadType, _ octets: [UInt8]) {
    do throws(WireError) {
        let payloads = try PayloadChain.decode(first: first, octets, at: 0)
        let encoded = try PayloadChain.encode(payloads)
        guard encoded == (first, octets) else { fail("a chain of payloads is encoded differently", octets) }
    } catch {
        check(error, in: octets)
    }
}

/// What logs print must not trap either.
private func checkText(of message: Message) {
    for case .securityAssociation(let proposals) in message.payloads.map(\.body) {
        for proposal in proposals { _ = proposal.description }
    }
    for identification in [message.payloads.identificationInitiator, message.payloads.identificationResponder] {
        guard let identification, let read = Identification(identification.description) else { continue }
        guard read == identification else { fail("an identity prints as another", identification.data) }
    }
    for case .selector(let selector) in message.payloads.trafficSelectorsInitiator ?? [] {
        guard TrafficSelector(swanctl: selector.description) == selector else {
            fail("a selector prints as another", Array(selector.description.utf8))
        }
        guard selector.contains(selector) else { fail("a selector does not contain itself", []) }
    }
}

private func check(_ error: WireError, in octets: [UInt8]) {
    _ = error.description
    guard (0...octets.count).contains(error.offset) else { fail("an error is placed outside of the octets", octets) }
}

extension [UInt8] {
    /// With version 2.0 and the true length in the header. Only for arrays that have one.
    fileprivate var withFittingHeader: [UInt8] {
        let length = UInt32(count)
        var octets = self
        octets[17] = 0x20
        octets.replaceSubrange(24..<28, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
        return octets
    }
}
