import IKECrypto
import IKEWire

// IKE_AUTH while the peer's certificate is fetched from where the peer says it is (RFC 7296 section 3.6). The message is put aside as
// in `Inquiring`. Then the certificates take the place of their places in it, and it is looked at as if they had come with it; what
// is asked next, whether they are revoked, is asked as for any other.

extension IKESA {
    func fetch(_ wanted: UnfetchedCertificates, _ id: InquiryID, _ turn: Turn) {
        let urls = wanted.locations.map(\.url).joined(separator: ", ")
        log(.info, "\(wanted.identity) says where its certificate is: \(urls)", turn)
        turn.emit(.fetch(CertificateInquiry(id: id, connection: wanted.connection.name, locations: wanted.locations)))
    }

    // MARK: - The answer

    func certificatesFetched(
        _ id: InquiryID,
        _ result: Result<[FetchedCertificate], CertificateFetchFailure>,
        _ turn: Turn
    ) {
        switch state {
        case .halfOpen(let agreement, .inquiring(let held), _):
            guard held.inquiry == id, case .certificates(let wanted) = held.reason else { return }
            goOn(held, wanted, agreement, result, turn)
        case .authenticating(let exchange, let initiation):
            guard let held = exchange.held, held.inquiry == id, case .certificates(let wanted) = held.reason else {
                return
            }
            goOn(held, wanted, exchange, initiation, result, turn)
        // It comes too late.
        case .halfOpen, .connecting, .contending, .established, .deleting, .superseded, .closed: break
        }
        startPending(turn)
    }

    /// The answer to a request has waited long enough.
    func goOn(
        _ held: HeldProof,
        _ wanted: UnfetchedCertificates,
        _ agreement: KeyAgreement,
        _ result: Result<[FetchedCertificate], CertificateFetchFailure>,
        _ turn: Turn
    ) {
        let payloads: [Payload]
        do throws(NegotiationFailure) {
            payloads = try wanted.replaced(in: held.payloads, by: result)
        } catch {
            refuseAuth(held.header, error, agreement, turn)
            return
        }
        guard let conversation = held.conversation else {
            answerAuth(held.header, payloads, agreement, nil, turn)
            return
        }
        continueRound(held.header, payloads, agreement, conversation, nil, turn)
    }

    /// The same for the response.
    func goOn(
        _ held: HeldResponse,
        _ wanted: UnfetchedCertificates,
        _ exchange: AuthInitiator,
        _ initiation: Initiation,
        _ result: Result<[FetchedCertificate], CertificateFetchFailure>,
        _ turn: Turn
    ) {
        let payloads: [Payload]
        do throws(NegotiationFailure) {
            payloads = try wanted.replaced(in: held.payloads, by: result)
        } catch {
            refuseResponder(error, turn)
            return
        }
        var exchange = exchange
        exchange.held = nil
        processAuthResponse(payloads, exchange, initiation, nil, turn)
    }
}
