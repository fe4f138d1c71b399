import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Ends that send where their certificates are instead of the certificates (RFC 7296 sections 3.6 and 3.7).
@Suite struct HashAndURLTests {
    private static let base = "http://pki.example.org/certs/"

    private let authority: RevokingAuthority
    private let left, right: (certificate: X509Certificate, key: PrivateKey)

    init() throws {
        authority = try RevokingAuthority()
        left = try authority.issue("left.example")
        right = try authority.issue("right.example")
    }

    /// Two sites with certificates that their authority publishes.
    private func sites() -> TwoSites {
        var sites = TwoSites()
        let services = [AuthorityServices(authority.certificate, certificateBase: Self.base)]
        sites.left.useCertificates(
            of: authority,
            left,
            named: "left.example",
            peer: "right.example",
            services: services
        )
        sites.right.useCertificates(
            of: authority,
            right,
            named: "right.example",
            peer: "left.example",
            services: services
        )
        return sites
    }

    private func pair(_ sites: TwoSites, fetching: Bool = true) -> Pair {
        var settings = Settings.withoutDelay
        settings.fetchesCertificates = fetching
        return Pair(sites, settings: settings)
    }

    private func hash(_ octets: [UInt8]) -> [UInt8] { (try? Digest.sha1(octets)) ?? [] }

    /// What a server with these certificates gives.
    private func serve(
        _ inquiry: CertificateInquiry,
        _ certificates: [X509Certificate]
    ) -> Result<[FetchedCertificate], CertificateFetchFailure> {
        Result { () throws(CertificateFetchFailure) in
            var fetched: [FetchedCertificate] = []
            for location in inquiry.locations {
                let published = certificates.first { location.url == Self.base + hexadecimal(hash($0.der)) }
                guard let published else { throw CertificateFetchFailure(location, "status 404") }
                fetched.append(try FetchedCertificate(published.der, at: location))
            }
            return fetched
        }
    }

    /// What comes of a server that gives the same, whatever is asked for.
    private func serve(
        _ inquiry: CertificateInquiry,
        _ octets: [UInt8]
    ) -> Result<[FetchedCertificate], CertificateFetchFailure> {
        Result { () throws(CertificateFetchFailure) in
            [try FetchedCertificate(octets, at: inquiry.locations[0])]
        }
    }

    // MARK: - Good ones

    @Test func bothEndsFetchEachOthersCertificate() throws {
        let pair = pair(sites())
        pair.left.fetch = { serve($0, [right.certificate]) }
        pair.right.fetch = { serve($0, [left.certificate]) }
        pair.up()
        #expect(pair.isUp)
        let inquiry = try #require(pair.right.fetches.first)
        #expect(inquiry.connection == "site")
        #expect(inquiry.locations.map(\.url) == [Self.base + hexadecimal(hash(left.certificate.der))])
        #expect(inquiry.locations.map(\.name.hash) == [hash(left.certificate.der)])
        #expect(pair.right.fetches.count == 1 && pair.left.fetches.count == 1)
        let told = "left.example says where its certificate is: \(inquiry.locations[0].url)"
        #expect(pair.right.logs.contains { $0.message == told && $0.peer?.address == pair.left.address })
    }

    @Test func nothingIsFetchedUnlessTheSettingsAllowIt() throws {
        let pair = pair(sites(), fetching: false)
        pair.up()
        #expect(pair.isUp)
        #expect(pair.left.fetches.isEmpty && pair.right.fetches.isEmpty)
    }

    @Test func whoAsksForNoCertificateGetsNoPlaceOfOne() throws {
        var sites = sites()
        sites.right.connections[0].asksForCertificate = false
        sites.left.connections[0].certificateSending = .always
        let pair = pair(sites)
        pair.left.fetch = { serve($0, [right.certificate]) }
        pair.up()
        #expect(pair.isUp)
        #expect(pair.right.fetches.isEmpty && pair.left.fetches.count == 1)
    }

    @Test func aCertificateThatIsNotPublishedIsSentItself() throws {
        var sites = sites()
        sites.left.credentials.trust = TrustStore(authorities: [authority.certificate])
        let pair = pair(sites)
        pair.left.fetch = { serve($0, [right.certificate]) }
        pair.up()
        #expect(pair.isUp)
        #expect(pair.right.fetches.isEmpty && pair.left.fetches.count == 1)
    }

    @Test func itIsFoundOutAfterwardsWhetherTheCertificateIsRevoked() throws {
        for (judge, judged) in [(\TwoSites.left, right), (\TwoSites.right, left)] {
            for status in [OCSPTestResponder.Status.good, .revoked] {
                var sites = sites()
                var policy = PublicKeyPolicy()
                policy.revocation = .strict
                sites[keyPath: judge].connections[0].remote.kind = .publicKey(policy)
                sites[keyPath: judge].credentials.trust = TrustStore(
                    authorities: [authority.certificate],
                    services: [
                        AuthorityServices(
                            authority.certificate,
                            ocspURLs: ["http://ocsp.example.org/"],
                            certificateBase: Self.base
                        )
                    ]
                )
                let pair = pair(sites)
                let host = judge == \TwoSites.left ? pair.left : pair.right
                for end in [pair.left, pair.right] {
                    end.fetch = { serve($0, [left.certificate, right.certificate]) }
                }
                host.findOut = { inquiry in
                    var responder = authority.responder
                    responder.status = status
                    let der = try? responder.answer(about: inquiry.certificates[0].certificate)
                    return RevocationEvidence(
                        responses: der.flatMap { try? OCSPResponse(der: $0) }.map { [$0] } ?? []
                    )
                }
                pair.up()
                #expect(pair.isUp == (status == .good))
                #expect(host.fetches.count == 1)
                #expect(host.inquiries.map { $0.certificates.map(\.certificate) } == [[judged.certificate]])
            }
        }
    }

    @Test func eachRoundHasItsCertificateFetched() throws {
        var sites = sites()
        sites.left.connections[0].laterLocal = [sites.left.connections[0].local]
        sites.right.connections[0].laterRemote = [sites.right.connections[0].remote]
        sites.right.connections[0].laterLocal = [sites.right.connections[0].local]
        sites.left.connections[0].laterRemote = [sites.left.connections[0].remote]
        let pair = pair(sites)
        pair.left.fetch = { serve($0, [right.certificate]) }
        pair.right.fetch = { serve($0, [left.certificate]) }
        pair.up(within: .seconds(3))
        #expect(pair.isUp)
        #expect(pair.right.fetches.count == 2 && pair.left.fetches.count == 2)
    }

    @Test func thereIsTimeToFetch() throws {
        let pair = pair(sites())
        pair.left.fetch = { serve($0, [right.certificate]) }
        let id = pair.up(within: .seconds(10))
        // The repeated request is not taken for another one.
        #expect(pair.right.fetches.count == 1)
        #expect(pair.left.failure(of: id) == nil)
        let inquiry = pair.right.fetches[0]
        pair.network.feed(pair.right, .certificatesFetched(inquiry.id, serve(inquiry, [left.certificate])))
        pair.network.run(for: .seconds(1))
        #expect(pair.isUp)
    }

    // MARK: - Bad ones

    @Test func whatIsNotThereIsToldWithItsPlace() throws {
        let pair = pair(sites())
        pair.left.fetch = { serve($0, [right.certificate]) }
        pair.right.fetch = { serve($0, [right.certificate]) }
        let failure = try #require(pair.left.failure(of: pair.up()))
        #expect(failure.reason == .authenticationFailed && !failure.message.contains("pki.example.org"))
        let url = Self.base + hexadecimal(hash(left.certificate.der))
        #expect(pair.right.complaints.contains("the certificate of left.example cannot be fetched: \(url): status 404"))
        pair.expectNothing()
    }

    @Test func theResponderRefusesWhatHasAnotherHash() throws {
        let pair = pair(sites())
        pair.right.fetch = { serve($0, right.certificate.der) }
        #expect(pair.left.failure(of: pair.up()) != nil)
        #expect(pair.right.complaints.contains("what is there has not the SHA-1 hash that the peer says"))
        pair.expectNothing()
    }

    @Test func theInitiatorRefusesWhatHasAnotherHash() throws {
        let pair = pair(sites())
        pair.right.fetch = { serve($0, [left.certificate]) }
        pair.left.fetch = { serve($0, left.certificate.der) }
        let failure = try #require(pair.left.failure(of: pair.up()))
        #expect(failure.message.contains("what is there has not the SHA-1 hash that the peer says"))
        // The responder had let us in, and hears that it is over.
        #expect(pair.right.outbound.isEmpty)
        pair.expectNothing()
    }

    @Test func nobodyWaitsForEver() throws {
        let pair = pair(sites())
        let id = pair.up(within: .seconds(14))
        #expect(pair.left.failure(of: id) == nil && pair.right.endpoint.load.halfOpen == 1)
        pair.network.run(for: .seconds(2))
        #expect(pair.left.failure(of: id) != nil)
        #expect(pair.right.complaints.contains("no answer came within 15 s"))
        let late = pair.right.fetches[0]
        pair.network.feed(pair.right, .certificatesFetched(late.id, serve(late, [left.certificate])))
        pair.expectNothing()
        let initiating = self.pair(sites())
        initiating.right.fetch = { serve($0, [left.certificate]) }
        let failure = try #require(initiating.left.failure(of: initiating.up(within: .seconds(16))))
        #expect(failure.message.contains("no answer came within 15 s"))
        initiating.expectNothing()
    }

    @Test func aCertificateOfAStrangerIsNoBetterForBeingFetched() throws {
        let stranger = try RevokingAuthority("Somebody else").issue("left.example")
        var sites = sites()
        sites.left.credentials.privateKeys = [stranger.key]
        sites.left.credentials.certificates = [stranger.certificate]
        let services = AuthorityServices(try RevokingAuthority("Somebody else").certificate, certificateBase: Self.base)
        sites.left.credentials.trust = TrustStore(authorities: [authority.certificate], services: [services])
        let pair = pair(sites)
        pair.right.fetch = { serve($0, [stranger.certificate]) }
        #expect(pair.left.failure(of: pair.up()) != nil)
        #expect(pair.right.fetches.count == 1)
        #expect(pair.right.complaints.contains("the certificate of left.example is not accepted"))
        pair.expectNothing()
    }

    @Test func nothingIsFetchedForIdentitiesThatNoConnectionIsFor() throws {
        var sites = sites()
        sites.right.connections[0].remote.identity = Identification("other.example")
        let pair = pair(sites)
        #expect(pair.left.failure(of: pair.up()) != nil)
        #expect(pair.right.fetches.isEmpty)
    }
}

/// What may be behind a place.
@Suite struct FetchedCertificateTests {
    private func location(_ octets: [UInt8], _ encoding: CertificateEncoding = .hashAndURL) throws
        -> CertificateLocation
    {
        let data = try Digest.sha1(octets) + Array("http://pki.example.org/x".utf8)
        return try #require(CertificateLocation(Certificate(encoding: encoding, data: data)))
    }

    @Test func theHashComesFirst() throws {
        let der = try Fixture.certificate("p384").der
        #expect(try FetchedCertificate(der, at: location(der)).certificates.map(\.der) == [der])
        for octets in [[], [0x30], Array(der.dropLast()), der + [0]] as [[UInt8]] {
            let failure = #expect(throws: CertificateFetchFailure.self) {
                try FetchedCertificate(octets, at: location(der))
            }
            #expect(failure?.description.contains("has not the SHA-1 hash") == true)
        }
    }

    @Test func whatIsNoCertificateIsRefusedWithItsPlace() throws {
        for octets in [[], Array("<html>".utf8), [0x30, 0x82, 0xFF, 0xFF]] as [[UInt8]] {
            let failure = #expect(throws: CertificateFetchFailure.self) {
                try FetchedCertificate(octets, at: location(octets))
            }
            #expect(failure?.description.hasPrefix("http://pki.example.org/x: ") == true)
            #expect(throws: CertificateFetchFailure.self) {
                try FetchedCertificate(octets, at: location(octets, .hashAndURLBundle))
            }
        }
    }

    /// An element of DER.
    private func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let length = content.count
        return [tag, 0x82, UInt8(length >> 8), UInt8(length & 0xFF)] + content
    }

    @Test func aBundleHasCertificatesAndPerhapsLists() throws {
        let certificates = [try Fixture.certificate("p384"), try Fixture.certificate("root")]
        let list = element(0xA1, try Fixture.revocationList("judge").der)
        let bundle = element(
            0x30,
            element(0xA0, certificates[0].der) + list + element(0xA0, certificates[1].der)
        )
        let fetched = try FetchedCertificate(bundle, at: location(bundle, .hashAndURLBundle))
        #expect(fetched.certificates == certificates)
        let one = element(0xA0, certificates[0].der)
        let others: [[UInt8]] = [
            element(0x30, []), element(0x30, list), certificates[0].der, element(0x30, certificates[0].der), one,
            element(0x30, element(0xA2, certificates[0].der)), element(0x30, one) + [0], element(0x30, one + [0x30]),
            element(0x31, one), element(0x30, (0..<17).flatMap { _ in one }), [0x30, 0x80] + one + [0, 0],
        ]
        for octets in others {
            #expect(throws: CertificateFetchFailure.self) {
                try FetchedCertificate(octets, at: location(octets, .hashAndURLBundle))
            }
        }
    }
}
