import Foundation
import IKEWire
import SwanConf
import Testing

@testable import IKECore

/// The configurations in `etc/examples`, held to what the clients send that they are for.
@Suite struct ClientExampleTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("etc/examples").path

    private static let files = ["client.conf", "gateway-certificates.conf", "gateway-passwords.conf", "router.conf"]

    private static func configuration(_ file: String) throws -> SwanConf.Configuration {
        try .load(path: "\(directory)/\(file)")
    }

    @Test func everyConfigurationIsKnownHere() throws {
        let all = try FileManager.default.contentsOfDirectory(atPath: Self.directory)
        #expect(all.filter { $0.hasSuffix(".conf") }.sorted() == Self.files)
    }

    @Test(arguments: files)
    func itIsReadWithoutAWarning(file: String) throws {
        #expect(try Self.configuration(file).warnings.isEmpty)
    }

    /// What a client offers, in words, one proposal in each; and MODP-1024, which has no word here.
    struct Client: CustomTestStringConvertible, Sendable {
        let name: String
        let ike: [String]
        let esp: [String]
        /// What is to be agreed on.
        let agreed: (ike: String, esp: String)?

        var testDescription: String { name }
    }

    private static let clients = [
        // strongSwan's documentation, "Windows Clients", 2023.
        Client(
            name: "Windows 11 as it comes",
            ike: ["aes256-sha1-modp1024", "aes256-sha256-modp1024", "aes256-sha384-modp1024"],
            esp: ["aes256-sha1", "aes128-sha1"],
            agreed: nil
        ),
        Client(
            name: "Windows 11 with NegotiateDH2048_AES256",
            ike: ["aes256-sha1-modp1024", "aes256-sha256-modp1024", "aes256-sha256-modp2048"],
            esp: ["aes256-sha1", "aes128-sha1"],
            agreed: ("aes256-sha256-modp2048", "aes256-sha1")
        ),
        Client(
            name: "Windows 11 after windows.ps1",
            ike: ["aes256-sha256-modp2048"],
            esp: ["aes256gcm16"],
            agreed: ("aes256-sha256-modp2048", "aes256gcm16")
        ),
        // strongSwan's documentation, "Apple Clients", 2023.
        Client(
            name: "iOS 17 from its settings",
            ike: [
                "aes256-sha256-modp2048", "aes256-sha256-ecp256", "aes128-sha1-modp1024",
            ],
            esp: ["aes256-sha256", "aes128-sha1"],
            agreed: ("aes256-sha256-modp2048", "aes256-sha256")
        ),
        Client(
            name: "macOS 14 with apple-profile",
            ike: ["aes256gcm16-prfsha384-ecp384"],
            esp: ["aes256gcm16"],
            agreed: ("aes256gcm16-prfsha384-ecp384", "aes256gcm16")
        ),
        // AOSP, VpnIkev2Utils of Android 13, 2022.
        Client(
            name: "Android 13",
            ike: [
                "aes256-aes128-sha512-sha384-sha256-prfsha256-prfsha384-prfsha512-modp4096-x25519-modp3072-modp2048",
                "chacha20poly1305-aes256gcm16-aes128gcm16-prfsha256-prfsha384-prfsha512-modp4096-x25519-modp3072-modp2048",
            ],
            esp: ["aes256-aes128-sha512-sha384-sha256", "aes256gcm16-aes128gcm16-chacha20poly1305"],
            agreed: ("aes256gcm16-prfsha256-x25519", "aes256gcm16")
        ),
        Client(
            name: "client.conf, by iked or strongSwan",
            ike: ["aes256gcm16-prfsha384-ecp384"],
            esp: ["aes256gcm16"],
            agreed: ("aes256gcm16-prfsha384-ecp384", "aes256gcm16")
        ),
    ]

    private static func proposals(_ texts: [String], _ protocolID: ProtocolID) throws -> [Proposal] {
        try texts.enumerated().map { index, text in
            let words = text.replacingOccurrences(of: "modp1024", with: "modp2048")
            var proposal = try Proposal(keywords: words, number: UInt8(index + 1), protocolID: protocolID)
            if words != text {
                proposal.transforms = proposal.transforms.map {
                    $0 == .keyExchange(.modp2048) ? .keyExchange(.modp1024) : $0
                }
            }
            return proposal
        }
    }

    @Test(arguments: clients)
    func theGatewayChoosesTheBestThatTheClientHas(client: Client) throws {
        let connection = try #require(try Self.configuration("gateway-certificates.conf").connections.first)
        let child = try #require(connection.children.first)
        let ike = ProposalSelection.select(
            offered: try Self.proposals(client.ike, .ike),
            configured: connection.proposals
        )
        let esp = ProposalSelection.select(
            offered: try Self.proposals(client.esp, .esp),
            configured: child.espProposals
        )
        guard let agreed = client.agreed else {
            #expect(ike == nil)
            return
        }
        #expect(
            Set(ike?.transforms ?? []) == Set(try #require(try Self.proposals([agreed.ike], .ike).first).transforms)
        )
        #expect(
            Set(esp?.transforms ?? []) == Set(try #require(try Self.proposals([agreed.esp], .esp).first).transforms)
        )
    }
}
