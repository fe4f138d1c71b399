import IKEWire
import Testing

@Suite struct ProposalKeywordTests {
    @Test(arguments: [
        ("aes256gcm16-prfsha384-x25519", "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519"),
        ("aes128-sha256-modp2048", "IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048"),
        (
            "aes128-aes256-sha256-sha512-modp2048-ecp256",
            "IKE:AES_CBC_128/AES_CBC_256/HMAC_SHA2_256_128/HMAC_SHA2_512_256/PRF_HMAC_SHA2_256/PRF_HMAC_SHA2_512/MODP_2048/ECP_256"
        ),
        ("AES256CTR-SHA1-ECP521", "IKE:AES_CTR_256/HMAC_SHA1_96/PRF_HMAC_SHA1/ECP_521"),
        ("chacha20poly1305-prfaesxcbc-curve448", "IKE:CHACHA20_POLY1305/PRF_AES128_XCBC/CURVE_448"),
        ("aes192ccm12-prfaescmac-ecp384bp", "IKE:AES_CCM_12_192/PRF_AES128_CMAC/ECP_384_BP"),
        ("aes-aesxcbc-modp3072", "IKE:AES_CBC_128/AES_XCBC_96/PRF_AES128_XCBC/MODP_3072"),
        ("aes256-aescmac-x448", "IKE:AES_CBC_256/AES_CMAC_96/PRF_AES128_CMAC/CURVE_448"),
        ("aes128-sha256-prfsha512-ecp256", "IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_512/ECP_256"),
        // The integrity algorithm stands for the PRF only.
        ("aes256gcm16-sha384-ecp384", "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384"),
        // The order of the types does not matter, nor does a word too many.
        ("x25519-sha2_256-aes128-aes128", "IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519"),
    ])
    func proposalsForIKEAreRead(keywords: String, printed: String) throws {
        let proposal = try Proposal(keywords: keywords, number: 4, protocolID: .ike)
        #expect(proposal.description == printed)
        #expect(proposal.number == 4 && proposal.spi.isEmpty)
    }

    @Test(arguments: [
        ("aes256gcm16", "ESP:AES_GCM_16_256/NO_EXT_SEQ"),
        ("aes128gcm128-esn", "ESP:AES_GCM_16_128/EXT_SEQ"),
        ("aes256gcm64-esn-noesn", "ESP:AES_GCM_8_256/EXT_SEQ/NO_EXT_SEQ"),
        ("aes128-sha256-x25519", "ESP:AES_CBC_128/HMAC_SHA2_256_128/CURVE_25519/NO_EXT_SEQ"),
        ("aes128gcm96-modp2048-modpnone", "ESP:AES_GCM_12_128/MODP_2048/MODP_NONE/NO_EXT_SEQ"),
        ("aes128ccm", "ESP:AES_CCM_16_128/NO_EXT_SEQ"),
        ("aes256gcm16iiv-aes256gcm16-esn", "ESP:AES_GCM_16_IIV_256/AES_GCM_16_256/EXT_SEQ"),
        ("chacha20poly1305iiv-aes128ccm8iiv", "ESP:CHACHA20_POLY1305_IIV/AES_CCM_8_IIV_128/NO_EXT_SEQ"),
    ])
    func proposalsForESPAreRead(keywords: String, printed: String) throws {
        #expect(try Proposal(keywords: keywords, number: 1, protocolID: .esp).description == printed)
    }

    @Test(arguments: [
        ("aes256-sha256", ProtocolID.ike, ProposalKeywordError.Problem.missing(.keyExchange)),
        ("aes256gcm16-x25519", .ike, .missing(.prf)),
        ("sha256-x25519", .ike, .missing(.encryption)),
        ("aes256-prfsha256-x25519", .ike, .missing(.integrity)),
        ("aes256", .esp, .missing(.integrity)),
        ("sha256", .esp, .missing(.encryption)),
        ("aes256gcm16-sha256", .esp, .integrityBesideAEAD(.integrity(.hmacSHA2_256_128))),
        ("aes256gcm16-sha256-prfsha256-x25519", .ike, .integrityBesideAEAD(.integrity(.hmacSHA2_256_128))),
        ("aes256gcm16-aes256-sha256-x25519", .ike, .mixedCiphers),
        ("aes256gcm16-prfsha256-x25519-esn", .ike, .notForProtocol("esn", .ike)),
        ("aes256gcm16-prfsha256", .esp, .notForProtocol("prfsha256", .esp)),
        ("aes256gcm16-prfsha256-modpnone", .ike, .notForProtocol("modpnone", .ike)),
        ("aes256gcm16iiv-prfsha256-x25519", .ike, .notForProtocol("aes256gcm16iiv", .ike)),
        ("aes256gcm8iiv", .esp, .unknown("aes256gcm8iiv", nearest: "aes256ccm8iiv")),
        ("3des-sha1-modp2048", .ike, .unsupported("3des")),
        ("aes128-MD5-modp2048", .ike, .unsupported("MD5")),
        ("aes128-sha256-modp1024", .ike, .unsupported("modp1024")),
        ("null-sha256", .esp, .unsupported("null")),
        ("aes256gcm16-prfsha384-x25519-ke1_mlkem768", .ike, .unsupported("ke1_mlkem768")),
        ("camellia256ccm8", .esp, .unsupported("camellia256ccm8")),
        ("aes265-sha256-x25519", .ike, .unknown("aes265", nearest: "aes256")),
        ("aes256gm16", .esp, .unknown("aes256gm16", nearest: "aes256gcm16")),
        ("aes256-sah256-x25519", .ike, .unknown("sah256", nearest: "sha256")),
        ("aes256gcm16-", .esp, .unknown("", nearest: nil)),
        ("", .ike, .unknown("", nearest: nil)),
        ("kittens", .ike, .unknown("kittens", nearest: nil)),
        ("default", .ike, .unknown("default", nearest: nil)),
    ])
    func whatCannotBeUsedIsNamed(
        keywords: String,
        protocolID: ProtocolID,
        problem: ProposalKeywordError.Problem
    ) throws {
        let error = #expect(throws: ProposalKeywordError.self) {
            try Proposal(keywords: keywords, number: 1, protocolID: protocolID)
        }
        #expect(error?.problem == problem)
        #expect(error?.keywords == keywords)
    }

    @Test func errorsSayWhatToDo() throws {
        func text(_ keywords: String, _ protocolID: ProtocolID) -> String? {
            let error = #expect(throws: ProposalKeywordError.self) {
                try Proposal(keywords: keywords, number: 1, protocolID: protocolID)
            }
            return error?.description
        }
        #expect(
            text("aes265-sha256-x25519", .ike)
                == "proposal \"aes265-sha256-x25519\": unknown algorithm \"aes265\"; did you mean \"aes256\"?"
        )
        #expect(
            text("aes256-sha256", .ike)
                == "proposal \"aes256-sha256\": no key exchange method is given; add one, such as \"x25519\""
        )
        #expect(text("null-sha256", .esp) == "proposal \"null-sha256\": \"null\" is not supported")
    }
}

@Suite struct DefaultProposalTests {
    @Test(arguments: Proposal.defaultIKE + Proposal.defaultESP)
    func aDefaultProposalCanBeEncoded(proposal: Proposal) throws {
        var proposal = proposal
        if proposal.protocolID == .esp { proposal.spi = [1, 2, 3, 4] }
        proposal.number = 1
        let (first, octets) = try PayloadChain.encode([Payload(.securityAssociation([proposal]))])
        #expect(try PayloadChain.decode(first: first, octets, at: 0).securityAssociation == [proposal])
    }

    @Test(arguments: [Proposal.defaultIKE, Proposal.defaultESP])
    func aeadStandsFirstAndNothingWeakAnywhere(proposals: [Proposal]) throws {
        #expect(proposals.map(\.number) == Array(1...UInt8(proposals.count)))
        let isAEAD = proposals.map { proposal in
            proposal.encryption.allSatisfy { EncryptionAlgorithm(rawValue: $0.id).isAEAD }
        }
        #expect(isAEAD == [true, false])
        #expect(proposals.map(\.integrity.isEmpty) == [true, false])
        let weak: [Transform] = [
            .prf(.hmacMD5), .prf(.hmacSHA1), .integrity(.hmacMD5_96), .integrity(.hmacSHA1_96), .integrity(.none),
            .encryption(.tripleDES), .encryption(.null), .keyExchange(.modp768), .keyExchange(.modp1024),
            .keyExchange(.modp1536), .keyExchange(.modp1024s160), .keyExchange(.modp2048s224),
            .keyExchange(.modp2048s256), .keyExchange(.none),
        ]
        #expect(proposals.flatMap(\.transforms).filter(weak.contains).isEmpty)
    }
}
