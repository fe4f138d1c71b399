package import IKECrypto
package import IKEWire

/// Names an inquiry, for its answer.
package struct InquiryID: Hashable, Sendable {
    /// Our SPI of the IKE SA that waits.
    package let spi: IKESPI
    package let number: UInt32

    package init(spi: IKESPI, number: UInt32) {
        self.spi = spi
        self.number = number
    }
}

/// What is to be found out before a peer's certificate counts: whether it, and those above it, are revoked.
///
/// The peer has proved that the certificate is its own, and the chain leads to a trusted authority: nobody else makes us ask
/// anywhere.
package struct RevocationInquiry: Sendable {
    package let id: InquiryID
    /// The name of the connection.
    package let connection: String
    /// Never empty.
    package let certificates: [UnsettledCertificate]

    package init(id: InquiryID, connection: String, certificates: [UnsettledCertificate]) {
        self.id = id
        self.connection = connection
        self.certificates = certificates
    }

    /// How long an exchange of IKE_AUTH waits for the answer: longer than it takes to ask two servers that do not answer,
    /// shorter than a peer goes on sending a request again.
    package static let patience: Duration = .seconds(15)
}

extension RevocationEvidence {
    /// What there is when the time is up.
    static var tooLate: RevocationEvidence {
        let seconds = RevocationInquiry.patience.wholeSeconds
        return RevocationEvidence(failures: [Failure(nil, "no answer came within \(seconds) s")])
    }
}
