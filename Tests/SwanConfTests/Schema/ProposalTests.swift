import IKEWire
import SwanConf
import Testing

@Suite struct ProposalTests {
    @Test func aWordThatIsNoAlgorithmIsPointedAt() throws {
        let error = try configurationError(
            configurationText(connection: "proposals = aes256gcm16-prfsha256-x25519, aes256-sha257-x25519")
        )
        #expect(error.message == "`sha257` is no algorithm that iked knows")
        #expect(error.suggestion == "sha256")
        #expect((error.line, error.column) == (9, 5 + "proposals = aes256gcm16-prfsha256-x25519, aes256-".utf8.count))
        let lines = error.description.split(separator: "\n")
        #expect(lines[0].hasSuffix(": `sha257` is no algorithm that iked knows, did you mean `sha256`?"))
        #expect(lines[2].utf8.count == 4 + error.column)
        #expect(lines[1].dropFirst(4 + error.column - 1).hasPrefix("sha257"))
    }

    @Test func thePlaceIsRightBehindQuotesAndBlanks() throws {
        let error = try configurationError(
            configurationText(connection: "proposals =  \"default\"   , \"  aes256-sha1-nope\"")
        )
        #expect(error.column == 5 + "proposals =  \"default\"   , \"  aes256-sha1-".utf8.count)
        #expect(error.message.contains("`nope`"))
    }

    @Test(arguments: [
        ("proposals = aes256gcm16-sha256", "no "),
        ("proposals = aes256gcm16-prfsha256", "no "),
        ("proposals = aes256-x25519", "no "),
        ("proposals = aes256gcm16-aes256-sha256-x25519", "cannot stand in one proposal"),
        ("proposals = aes256gcm16-prfsha256-x25519-esn", "\"esn\" has no place"),
        ("proposals = aes256-sha256-modp2048-modp768", "\"modp768\" is not supported"),
    ])
    func aProposalThatCannotBeUsedIsRefused(setting: String, expected: String) throws {
        let error = try configurationError(configurationText(connection: setting))
        #expect(error.message.contains(expected))
        #expect(error.line == 9)
    }

    @Test func childrenTakeProposalsForESP() throws {
        let error = try configurationError(configurationText(child: "esp_proposals = aes256gcm16-prfsha256"))
        #expect(error.message.contains("\"prfsha256\" has no place"))
    }

    @Test func theNumberOfProposalsIsBounded() throws {
        let proposals = Array(repeating: "aes256-sha256-x25519", count: 256).joined(separator: ",")
        let error = try configurationError(configurationText(connection: "proposals = \(proposals)"))
        #expect(error.message == "`proposals` takes no more than 255 proposals")
    }

    @Test func listsOfTheControlProtocolAreItems() throws {
        let psk = [Setting(key: "auth", value: .text("psk"))]
        let section = Section(
            name: "gw",
            settings: [
                Setting(key: "proposals", value: .list(["aes256-sha256-x25519", "default"])),
                Setting(key: "remote_addrs", value: .list(["192.0.2.1", "192.0.2.2"])),
                Setting(key: "local_addrs", value: .list([])),
            ],
            sections: [Section(name: "local", settings: psk), Section(name: "remote", settings: psk)]
        )
        let connection = try ConnectionConfiguration(name: "gw", section: section)
        #expect(connection.proposals.count == 1 + Proposal.defaultIKE.count)
        #expect(connection.remoteAddresses.count == 2)
        #expect(connection.localAddresses == [.any(nil)])
    }

    @Test func errorsWithoutAFileSayThePath() throws {
        let section = Section(name: "gw", settings: [Setting(key: "proposals", value: .list(["aes257-sha256-x25519"]))])
        let error = try #require(throws: ConfigurationError.self) {
            try ConnectionConfiguration(name: "gw", section: section)
        }
        #expect(error.summary.hasPrefix("connections.gw.proposals: `aes257` is no algorithm that iked knows"))
        #expect(error.description == error.summary)
        #expect((error.file, error.line, error.column) == ("", 0, 0))
        let typo = Section(name: "gw", settings: [Setting(key: "encpa", value: .text("yes"))])
        let unknown = try #require(throws: ConfigurationError.self) {
            try ConnectionConfiguration(name: "gw", section: typo)
        }
        #expect(unknown.summary == "connections.gw.encpa: a connection has no setting `encpa`, did you mean `encap`?")
    }
}
