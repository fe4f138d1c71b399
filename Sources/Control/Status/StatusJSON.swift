extension StatusReport {
    /// Writes the document of `ikectl status --json`; `Sources/Control/README.md` describes it.
    ///
    /// Keys are never left out: what is not known is null.
    func write(to json: inout JSONWriter) {
        let tally = tally
        json.object { json in
            json.member("daemon") { json in
                json.member("name", daemon)
                json.member("version", version)
                json.member("uptime", uptime)
            }
            json.member("summary") { json in
                json.member("connections", connections.count)
                for liveness in Liveness.allCases { json.member(liveness.rawValue, tally[liveness] ?? 0) }
                json.member("ike_sas", ikeSACount)
                json.member("child_sas", childSACount)
            }
            json.member("offloads", offloads) { $0.write(to: &$1) }
            json.member("connections", connections) { $0.write(to: &$1) }
        }
    }
}

extension StatusReport.Offloads {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("read", read)
            json.member("written", written)
            json.member("joined", joined)
            json.member("merged", merged)
            json.member("refused", refused)
        }
    }
}

extension StatusReport.Connection {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("state", liveness.rawValue)
            json.member("configuration", configuration) { $0.write(to: &$1) }
            json.member("ike_sas", ikeSAs) { $0.write(to: &$1) }
        }
    }
}

extension IKESAStatus {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", uniqueID)
            json.member("state", state)
            json.member("initiator", isInitiator)
            json.member("initiator_spi", initiatorSPI)
            json.member("responder_spi", responderSPI)
            json.member("local", local) { $0.write(to: &$1) }
            json.member("remote", remote) { $0.write(to: &$1) }
            suite.writeEncryption(to: &json)
            json.member("integrity", suite.integrity)
            json.member("prf", suite.prf)
            json.member("key_exchange", suite.keyExchange)
            json.member("eap", eap) { $0.write(to: &$1) }
            json.member("age", age)
            json.member("rekey_in", rekeyIn)
            json.member("ends_in", endsIn)
            json.member("lifetime", lifetime)
            json.member("retransmits", retransmits)
            json.member("dns") { json in
                json.member("servers", dnsServers)
                json.member("domains", dnsDomains)
                json.member("encrypted", encryptedDNS)
            }
            json.member("child_sas", children) { $0.write(to: &$1) }
        }
    }
}

extension IKESAStatus.End {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("identity", identity)
            json.member("address", host)
            json.member("port", port)
            json.member("authentication", authentication)
            json.member("further_identities", laterRounds)
            json.member("nat", isBehindNAT)
        }
    }
}

extension EAPStatus {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("method", method)
            json.member("user", user)
            json.member("tls_version", tlsVersion)
            json.member("tls_cipher", cipherSuite)
            json.member("tls_client_certificate", clientCertificate)
        }
    }
}

extension ChildSAStatus {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("id", uniqueID)
            json.member("reqid", reqID)
            json.member("state", state)
            json.member("mode", mode)
            json.member("protocol", networkProtocol)
            json.member("udp_encapsulation", isUDPEncapsulated)
            json.member("extended_sequence_numbers", hasExtendedSequenceNumbers)
            json.member("cpu", cpu)
            suite.writeEncryption(to: &json)
            json.member("integrity", suite.integrity)
            json.member("key_exchange", suite.keyExchange)
            json.member("local_selectors", localSelectors)
            json.member("remote_selectors", remoteSelectors)
            json.member("in", inbound) { $0.write(to: &$1) }
            json.member("out", outbound) { $0.write(to: &$1) }
            json.member("drops") { json in
                json.member("replay", replayDrops)
                json.member("authentication", authenticationFailures)
                json.member("selector", selectorDrops)
            }
            json.member("age", age)
            json.member("rekey_in", rekeyIn)
            json.member("ends_in", endsIn)
            json.member("mtu", mtu)
            json.member("path_mtu", pathMTU)
        }
    }
}

extension ChildSAStatus.Traffic {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("spi", spi)
            json.member("bytes", bytes)
            json.member("packets", packets)
            json.member("idle", idle)
        }
    }
}

extension Suite {
    fileprivate func writeEncryption(to json: inout JSONWriter) {
        json.member("encryption") { json in
            json.member("algorithm", encryption)
            json.member("key_bits", encryptionKeySize)
        }
    }
}

extension ConfiguredConnection {
    /// Writes an element of `ikectl list --json`, and the `configuration` of a connection in `ikectl status --json`.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("version", version)
            json.member("local_addresses", localAddresses)
            json.member("local_port", localPort)
            json.member("local", local) { $0.write(to: &$1) }
            json.member("remote_addresses", remoteAddresses)
            json.member("remote_port", remotePort)
            json.member("remote", remote) { $0.write(to: &$1) }
            json.member("proposals", proposals)
            json.member("rekey_time", rekeyTime)
            json.member("life_time", lifetime)
            json.member("dpd_delay", dpdDelay)
            json.member("children", children) { $0.write(to: &$1) }
        }
    }
}

extension ConfiguredConnection.Authentication {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("identity", identity)
            json.member("method", method)
        }
    }
}

extension ConfiguredConnection.Child {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("mode", mode)
            json.member("local_selectors", localSelectors)
            json.member("remote_selectors", remoteSelectors)
            json.member("proposals", proposals)
            json.member("rekey_time", rekeyTime)
            json.member("life_time", lifetime)
            json.member("start_action", startAction)
            json.member("dpd_action", dpdAction)
            json.member("close_action", closeAction)
            json.member("trapped", isTrapped)
        }
    }
}
