package import IKECrypto
import IKEWire

// How an answer proves that it is the server's, and the answer to this very request.

extension SignedRequest {
    /// The answer in a datagram, if it is one: of a code that answers this request, with a right Response Authenticator (RFC 2865
    /// section 3, RFC 2866 section 3) and a right Message-Authenticator (RFC 3579 section 3.2).
    ///
    /// Whatever answers an Access-Request must have a Message-Authenticator: without it anybody on the path can make an accept of
    /// a reject (BlastRADIUS, CVE-2024-3596), and with EAP every server has to send it anyway. An Accounting-Response, which
    /// grants nothing, may do without; one that it has must be right.
    ///
    /// What fails is not an answer and is to be ignored: the true one may still come.
    package func checkedAnswer(_ datagram: [UInt8], secret: SecretBytes) throws(RADIUSError) -> Packet {
        let answer: Packet
        do throws(WireError) { answer = try Packet(parsing: datagram) } catch { throw .malformed(error) }
        guard answer.identifier == identifier, possibleAnswers.contains(answer.code) else {
            throw .unexpected(answer.code)
        }
        var asSigned = answer
        asSigned.authenticator = authenticator
        guard try asSigned.digest(secret) == SecretBytes(copying: answer.authenticator) else {
            throw .wrongResponseAuthenticator
        }
        try checkMessageAuthenticator(asSigned, secret)
        return answer
    }

    private var possibleAnswers: [PacketCode] {
        switch code {
        case .accessRequest: [.accessAccept, .accessReject, .accessChallenge]
        case .accountingRequest: [.accountingResponse]
        default: []
        }
    }

    /// - Parameter packet: the answer with the Request Authenticator in the place of its own.
    private func checkMessageAuthenticator(_ packet: Packet, _ secret: SecretBytes) throws(RADIUSError) {
        let found = packet.all(.messageAuthenticator)
        if found.isEmpty, code == .accountingRequest { return }
        guard let signature = found.first, found.count == 1 else { throw .noMessageAuthenticator }
        var unsigned = packet
        unsigned.attributes = packet.attributes.map {
            $0.type == .messageAuthenticator ? .emptyMessageAuthenticator : $0
        }
        guard signature.value.count == Attribute.emptyMessageAuthenticator.value.count else {
            throw .wrongMessageAuthenticator
        }
        let octets = try unsigned.octets()
        let isRight = try cryptography { () throws(CryptoError) in
            try HMAC.isValidMD5(signature.value, key: secret, octets)
        }
        guard isRight else {
            throw .wrongMessageAuthenticator
        }
    }
}
