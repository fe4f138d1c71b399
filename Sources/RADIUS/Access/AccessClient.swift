package import IKECrypto
package import IKEWire

/// What is asked about a user: the latest EAP response and what it belongs to.
package struct AccessQuestion: Sendable {
    package let conversation: ConversationID
    /// The user's EAP response.
    package let eap: EAPMessage
    /// The EAP identity.
    package let userName: [UInt8]
    package let session: AccessSession

    package init(conversation: ConversationID, eap: EAPMessage, userName: [UInt8], session: AccessSession) {
        self.conversation = conversation
        self.eap = eap
        self.userName = userName
        self.session = session
    }
}

/// Hands EAP over to servers (RFC 3579).
///
/// A conversation begins with whichever server answers and stays with it, since no other knows its State (RFC 2865 section
/// 5.24): should that server fall silent, the conversation ends as unreachable, and the user's next try goes elsewhere.
package final class AccessClient {
    /// The transport underneath: datagrams and the time go through it, and its outputs through `outcome`.
    package let client: RADIUSClient
    /// What the last challenge of a conversation has left to be returned.
    private var challenges: [ConversationID: Challenge] = [:]

    private struct Challenge {
        let server: RADIUSClient.ServerIndex
        let state: [Attribute]
    }

    /// - Parameter servers: the preferred first.
    package init(servers: [RADIUSServer], patience: RADIUSPatience, random: any RandomSource) {
        client = RADIUSClient(.authentication, servers: servers, patience: patience, random: random)
    }

    /// Asks; a question of the same conversation that is still open is given up.
    ///
    /// - Returns: the outcome where there is nothing to ask.
    package func ask(_ question: AccessQuestion, now: Duration) -> AccessOutcome? {
        let id = RequestID(question.conversation)
        client.cancel(id, now: now)
        guard question.userName.count <= Attribute.largestValue else {
            return .reject(
                nil,
                reason: "the EAP identity has \(question.userName.count) octets, RADIUS takes \(Attribute.largestValue)"
            )
        }
        guard let eap = Attribute.eap(question.eap) else { return .reject(nil, reason: "the EAP response is too long") }
        let challenge = challenges[question.conversation]
        // Without an identity there is no User-Name; empty attributes are not sent (RFC 2865 section 5, RFC 3579 section 2.1).
        let user = question.userName.isEmpty ? [] : [Attribute(.userName, question.userName)]
        let attributes = user + question.session.attributes + eap + (challenge?.state ?? [])
        client.ask(id, attributes, of: challenge?.server, now: now)
        return nil
    }

    /// Forgets a conversation.
    package func end(_ conversation: ConversationID, now: Duration) {
        challenges[conversation] = nil
        client.cancel(RequestID(conversation), now: now)
    }

    /// What the end of a request means for its conversation.
    package func outcome(
        of request: RequestID,
        _ outcome: RADIUSClient.Outcome
    ) -> (conversation: ConversationID, outcome: AccessOutcome) {
        let conversation = ConversationID(request)
        challenges[conversation] = nil
        switch outcome {
        case .unreachable(let sentence): return (conversation, .unreachable(sentence))
        case .unsendable(let error):
            return (conversation, .reject(nil, reason: "the question cannot be sent: \(error)"))
        case .answered(let answer):
            do throws(RADIUSError) {
                return (conversation, try read(answer, conversation))
            } catch {
                return (conversation, .reject(nil, reason: "\(answer.packet.code) cannot be used: \(error)"))
            }
        }
    }

    private func read(
        _ answer: RADIUSClient.Answer,
        _ conversation: ConversationID
    ) throws(RADIUSError) -> AccessOutcome {
        let packet = answer.packet
        let eap = try packet.eapMessage()
        switch (packet.code, eap?.code) {
        case (.accessChallenge, .request):
            challenges[conversation] = Challenge(server: answer.server, state: packet.all(.state))
            guard let eap else { break }
            return .challenge(eap)
        case (.accessAccept, .success):
            guard let eap else { break }
            return .accept(eap, try AccessGrant(answer, secret: client.servers[answer.server].secret))
        case (.accessReject, .failure), (.accessReject, nil):
            return .reject(eap, reason: packet.replyMessage ?? "the server gives no reason")
        default: break
        }
        // RFC 3579 section 2.6.3 forbids what contradicts itself; whichever of the two is meant, nobody gets in by it.
        let message = eap.map { "\($0.code)" } ?? "no EAP message"
        return .reject(nil, reason: "the server's \(packet.code) carries \(message)")
    }
}

extension RequestID {
    fileprivate init(_ conversation: ConversationID) { self.init(rawValue: conversation.rawValue) }
}

extension ConversationID {
    fileprivate init(_ request: RequestID) { self.init(rawValue: request.rawValue) }
}
