extension StatusReport {
    /// The document of `ikectl status --json`; `Sources/Control/README.md` describes it.
    ///
    /// Keys are never left out: what is not known is null.
    var json: JSON {
        let tally = tally
        return .object([
            (
                "daemon",
                .object([("name", .string(daemon)), ("version", .text(version)), ("uptime", .integer(uptime))])
            ),
            (
                "summary",
                .object(
                    [("connections", .integer(connections.count))]
                        + Liveness.allCases.map { ($0.rawValue, .integer(tally[$0] ?? 0)) }
                        + [("ike_sas", .integer(ikeSAs.count)), ("child_sas", .integer(childSAs.count))]
                )
            ),
            ("offloads", offloads.json),
            ("connections", .array(connections.map(\.json))),
        ])
    }
}

extension StatusReport.Offloads {
    fileprivate var json: JSON {
        .object([
            ("read", .integer(read)), ("written", .integer(written)), ("joined", .integer(joined)),
            ("merged", .integer(merged)), ("refused", .integer(refused)),
        ])
    }
}

extension StatusReport.Connection {
    fileprivate var json: JSON {
        .object([
            ("name", .string(name)),
            ("state", .string(liveness.rawValue)),
            ("configuration", configuration?.json ?? .null),
            ("ike_sas", .array(ikeSAs.map(\.json))),
        ])
    }
}

extension IKESAStatus {
    fileprivate var json: JSON {
        .object([
            ("id", .integer(uniqueID)),
            ("state", .string(state)),
            ("initiator", .bool(isInitiator)),
            ("initiator_spi", .text(initiatorSPI)),
            ("responder_spi", .text(responderSPI)),
            ("local", local.json),
            ("remote", remote.json),
            ("encryption", suite.encryptionJSON),
            ("integrity", .text(suite.integrity)),
            ("prf", .text(suite.prf)),
            ("key_exchange", .text(suite.keyExchange)),
            ("eap", eap?.json ?? .null),
            ("age", .integer(age)),
            ("rekey_in", .integer(rekeyIn)),
            ("ends_in", .integer(endsIn)),
            ("lifetime", .integer(lifetime)),
            ("retransmits", .integer(retransmits)),
            (
                "dns",
                .object([
                    ("servers", .texts(dnsServers)), ("domains", .texts(dnsDomains)),
                    ("encrypted", .texts(encryptedDNS)),
                ])
            ),
            ("child_sas", .array(children.map(\.json))),
        ])
    }
}

extension IKESAStatus.End {
    fileprivate var json: JSON {
        .object([
            ("identity", .text(identity)),
            ("address", .text(host)),
            ("port", .integer(port)),
            ("authentication", .text(authentication)),
            ("further_identities", .texts(laterRounds)),
            ("nat", .bool(isBehindNAT)),
        ])
    }
}

extension EAPStatus {
    fileprivate var json: JSON {
        .object([
            ("method", .string(method)),
            ("user", .text(user)),
            ("tls_version", .text(tlsVersion)),
            ("tls_cipher", .text(cipherSuite)),
            ("tls_client_certificate", .text(clientCertificate)),
        ])
    }
}

extension ChildSAStatus {
    fileprivate var json: JSON {
        .object([
            ("name", .string(name)),
            ("id", .integer(uniqueID)),
            ("reqid", .integer(reqID)),
            ("state", .string(state)),
            ("mode", .text(mode)),
            ("protocol", .text(networkProtocol)),
            ("udp_encapsulation", .bool(isUDPEncapsulated)),
            ("extended_sequence_numbers", .bool(hasExtendedSequenceNumbers)),
            ("cpu", .integer(cpu)),
            ("encryption", suite.encryptionJSON),
            ("integrity", .text(suite.integrity)),
            ("key_exchange", .text(suite.keyExchange)),
            ("local_selectors", .texts(localSelectors)),
            ("remote_selectors", .texts(remoteSelectors)),
            ("in", inbound.json),
            ("out", outbound.json),
            (
                "drops",
                .object([
                    ("replay", .integer(replayDrops)),
                    ("authentication", .integer(authenticationFailures)),
                    ("selector", .integer(selectorDrops)),
                ])
            ),
            ("age", .integer(age)),
            ("rekey_in", .integer(rekeyIn)),
            ("ends_in", .integer(endsIn)),
            ("mtu", .integer(mtu)),
            ("path_mtu", .integer(pathMTU)),
        ])
    }
}

extension ChildSAStatus.Traffic {
    fileprivate var json: JSON {
        .object([
            ("spi", .text(spi)),
            ("bytes", .integer(bytes)),
            ("packets", .integer(packets)),
            ("idle", .integer(idle)),
        ])
    }
}

extension Suite {
    fileprivate var encryptionJSON: JSON {
        .object([("algorithm", .text(encryption)), ("key_bits", .integer(encryptionKeySize))])
    }
}

extension ConfiguredConnection {
    /// An element of `ikectl list --json`, and the `configuration` of a connection in `ikectl status --json`.
    var json: JSON {
        .object([
            ("name", .string(name)),
            ("version", .text(version)),
            ("local_addresses", .texts(localAddresses)),
            ("local_port", .integer(localPort)),
            ("local", .array(local.map(\.json))),
            ("remote_addresses", .texts(remoteAddresses)),
            ("remote_port", .integer(remotePort)),
            ("remote", .array(remote.map(\.json))),
            ("proposals", .texts(proposals)),
            ("rekey_time", .integer(rekeyTime)),
            ("life_time", .integer(lifetime)),
            ("dpd_delay", .integer(dpdDelay)),
            ("children", .array(children.map(\.json))),
        ])
    }
}

extension ConfiguredConnection.Authentication {
    fileprivate var json: JSON {
        .object([("identity", .text(identity)), ("method", .text(method))])
    }
}

extension ConfiguredConnection.Child {
    fileprivate var json: JSON {
        .object([
            ("name", .string(name)),
            ("mode", .text(mode)),
            ("local_selectors", .texts(localSelectors)),
            ("remote_selectors", .texts(remoteSelectors)),
            ("proposals", .texts(proposals)),
            ("rekey_time", .integer(rekeyTime)),
            ("life_time", .integer(lifetime)),
            ("start_action", .text(startAction)),
            ("dpd_action", .text(dpdAction)),
            ("close_action", .text(closeAction)),
            ("trapped", .bool(isTrapped)),
        ])
    }
}
