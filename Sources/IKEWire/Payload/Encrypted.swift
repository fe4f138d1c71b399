/// Payloads under encryption, the last payload of its message (RFC 7296 section 3.14).
package struct Encrypted: Hashable, Sendable {
    /// The type of the first payload inside; `.none` if there is none, as in a liveness check.
    package var firstPayload: PayloadType
    /// Initialization vector, ciphertext and integrity check value; only the IKE SA's cipher knows where one ends.
    package var body: [UInt8]

    package init(firstPayload: PayloadType, body: [UInt8]) {
        self.firstPayload = firstPayload
        self.body = body
    }
}

// MARK: - Octets

extension Encrypted {
    /// The type of the first payload stands in the generic header, which has been read already.
    init(firstPayload: PayloadType, from reader: inout Reader) {
        self.init(firstPayload: firstPayload, body: reader.rest())
    }

    func write(to writer: inout Writer) {
        writer.octets(body)
    }
}
