package import IKECore
import IKECrypto
import IKEWire

/// Names what is in IKE messages, those encrypted as well where their keys were exported.
package struct MessageReader {
    private struct SAKey: Hashable {
        let spiI: IKESPI
        let spiR: IKESPI
    }

    private var keys: [SAKey: (suite: CipherSuite, keys: IKEKeys)] = [:]

    package init() {}

    package mutating func learn(_ export: KeyExport) {
        guard case .ike(let spiI, let spiR, let suite, let ikeKeys) = export else { return }
        keys[SAKey(spiI: spiI, spiR: spiR)] = (suite, ikeKeys)
    }

    /// Exchange, direction, message ID and payloads: "CREATE_CHILD_SA request 3 of 1f..2c [N(REKEY_SA), SA, Ni, TSi, TSr]".
    package func describe(_ bytes: [UInt8]) -> String {
        guard let message = try? Message(parsing: bytes) else { return "\(bytes.count) octets that are no IKE message" }
        let header = message.header
        let kind = header.isResponse ? "response" : "request"
        let spis = "\(Self.short(header.initiatorSPI))..\(Self.short(header.responderSPI))"
        return "\(header.exchangeType) \(kind) \(header.messageID) of \(spis) [\(names(message, bytes))]"
    }

    private func names(_ message: Message, _ bytes: [UInt8]) -> String {
        if case .encryptedFragment(let fragment)? = message.payloads.last?.body {
            return "fragment \(fragment.number) of \(fragment.total)"
        }
        return (open(bytes, message) ?? message.payloads).map(Self.name).joined(separator: ", ")
    }

    /// The encrypted payloads of a message whose keys are known.
    func open(_ bytes: [UInt8], _ message: Message) -> [Payload]? {
        guard case .encrypted(let encrypted)? = message.payloads.last?.body,
            let (cipher, suite) = cipher(message.header, .open), encrypted.body.count > suite.ivLength
        else { return nil }
        let start = bytes.count - encrypted.body.count
        guard
            let plaintext = try? cipher.open(
                iv: Array(encrypted.body.prefix(suite.ivLength)),
                aad: Array(bytes.prefix(start)),
                ciphertextAndICV: Array(encrypted.body.dropFirst(suite.ivLength))
            ), let padLength = plaintext.last
        else { return nil }
        let inner = Array(plaintext.dropLast(Int(padLength) + 1))
        return try? PayloadChain.decode(first: encrypted.firstPayload, inner, at: 0)
    }

    /// A message with other payloads, sealed as its sender would have; for faults that need the sender's keys.
    func seal(_ header: Header, _ payloads: [Payload], iv: [UInt8]) -> [UInt8]? {
        guard let (cipher, suite) = cipher(header, .seal),
            let (first, inner) = try? PayloadChain.encode(payloads), iv.count == suite.ivLength
        else { return nil }
        let padLength = (suite.blockLength - (inner.count + 1) % suite.blockLength) % suite.blockLength
        let plaintext = inner + [UInt8](repeating: 0, count: padLength) + [UInt8(truncatingIfNeeded: padLength)]
        let bodyLength = suite.ivLength + plaintext.count + suite.icvLength
        guard
            let prefix = try? EncryptedEnvelope.prefix(header: header, firstPayload: first, bodyLength: bodyLength),
            let sealed = try? cipher.seal(iv: iv, aad: prefix, plaintext: plaintext)
        else { return nil }
        return prefix + iv + sealed
    }

    private func cipher(_ header: Header, _ direction: PacketCipher.Direction) -> (PacketCipher, CipherSuite)? {
        guard let (suite, keys) = keys[SAKey(spiI: header.initiatorSPI, spiR: header.responderSPI)] else { return nil }
        let pair =
            header.isFromInitiator
            ? CipherKeys(encryption: keys.ei, integrity: keys.ai) : CipherKeys(encryption: keys.er, integrity: keys.ar)
        return (try? PacketCipher(suite, keys: pair, direction: direction)).map { ($0, suite) }
    }

    private static func name(_ payload: Payload) -> String {
        switch payload.body {
        case .notify(let notify): "N(\(notify.type)\(notify.spi.isEmpty ? "" : " \(hex(notify.spi))"))"
        case .delete(let delete) where delete.protocolID == .ike: "D(IKE)"
        case .delete(let delete): "D(\(delete.spis.map(hex).joined(separator: " ")))"
        case .securityAssociation(let proposals):
            "SA\(proposals.first.map { $0.spi.isEmpty ? "" : " \(hex($0.spi))" } ?? "")"
        default: "\(payload.type)"
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func short(_ spi: IKESPI) -> String { String("\(spi)".prefix(6)) }
}
