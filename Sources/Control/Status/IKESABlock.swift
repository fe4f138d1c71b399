extension StatusLayout {
    /// Adds the lines of one IKE SA, with its CHILD SAs below.
    func add(_ ikeSA: IKESAStatus, isVerbose: Bool, to lines: inout [Line]) {
        let (mark, style) = palette.mark(isUp: ikeSA.isUp)
        var head = head(
            ikeSA.connection,
            uniqueID: ikeSA.uniqueID,
            mark: mark,
            style,
            state: ikeSA.state,
            age: ikeSA.age
        )
        head.add(ikeSA.isInitiator ? "initiator" : "responder", width: 9)
        if let life = life(rekeyIn: ikeSA.rekeyIn, endsIn: ikeSA.endsIn, of: ikeSA.lifetime) {
            head.skip(2)
            head.add(life)
        }
        lines.append(head)
        add(ikeSA.local, "local", of: ikeSA, to: &lines)
        add(ikeSA.remote, "remote", of: ikeSA, to: &lines)
        lines += crypto(ikeSA.suite)
        lines += eap(ikeSA.eap)
        lines += names(ikeSA)
        if ikeSA.retransmits > 0 {
            var line = detail("waits", indentation: Self.labelColumn)
            line.add("for an answer, request sent again \(Quantities.count(ikeSA.retransmits, "time"))", .warning)
            lines.append(line)
        }
        if isVerbose { lines += details(of: ikeSA) }
        for child in ikeSA.children { add(child, isVerbose: isVerbose, to: &lines) }
    }

    private func add(_ end: IKESAStatus.End, _ label: String, of ikeSA: IKESAStatus, to lines: inout [Line]) {
        var line = detail(label, indentation: Self.labelColumn)
        line.add(end.identity ?? "", width: identity)
        line.skip(2)
        line.add(end.address ?? "", width: address)
        line.skip(2)
        line.add(end.authentication ?? "", width: 14)
        line.skip(2)
        if end.isBehindNAT {
            line.add("behind NAT", .warning)
        } else if ikeSA.isUp {
            line.add("no NAT", .quiet)
        }
        lines.append(line)
        for round in end.laterRounds {
            var line = detail("", indentation: Self.labelColumn)
            line.add("and \(round)")
            lines.append(line)
        }
    }

    private func crypto(_ suite: Suite) -> [Line] {
        guard let cipher = suite.cipher else { return [] }
        var line = detail("crypto", indentation: Self.labelColumn)
        line.add(cipher)
        // The registry's prefix says what the word in front of it says already.
        if let prf = suite.prf {
            line.add(", PRF \(prf.hasPrefix("PRF_") ? String(Substring(prf.utf8.dropFirst(4))) : prf)")
        }
        if let group = suite.keyExchange { line.add(", group \(group)") }
        return [line]
    }

    /// Who the user is, and what was settled within TLS.
    private func eap(_ eap: EAPStatus?) -> [Line] {
        guard let eap else { return [] }
        var line = detail("EAP", indentation: Self.labelColumn)
        line.add(eap.method)
        if let user = eap.user { line.add(" of \(user)") }
        guard let version = eap.tlsVersion else { return [line] }
        var tls = detail("", indentation: Self.labelColumn)
        tls.add(([version] + [eap.cipherSuite].compactMap { $0 }).joined(separator: ", "))
        if let certificate = eap.clientCertificate { tls.add("; client certificate \(certificate)") }
        return [line, tls]
    }

    /// Whom to ask for names inside the tunnel.
    private func names(_ ikeSA: IKESAStatus) -> [Line] {
        guard !ikeSA.dnsServers.isEmpty || !ikeSA.encryptedDNS.isEmpty else { return [] }
        var words = Line.withCommas(ikeSA.dnsServers)
        if !ikeSA.dnsServers.isEmpty, !ikeSA.dnsDomains.isEmpty {
            words += ["for"] + Line.withCommas(ikeSA.dnsDomains)
        }
        let rows = [words] + ikeSA.encryptedDNS.map { ["encrypted:", $0] }
        return rows.filter { !$0.isEmpty }.flatMap { words in
            detail("dns", indentation: Self.labelColumn).filled(with: words.map { ($0, .plain) }) {
                blank(to: Self.valueColumn)
            }
        }
    }

    /// What only `--verbose` shows: identities that were shortened, and the SPIs.
    private func details(of ikeSA: IKESAStatus) -> [Line] {
        var lines: [Line] = []
        for (label, end) in [("local", ikeSA.local), ("remote", ikeSA.remote)] {
            guard let name = end.identity, Columns.shownCount(of: name) > identity else { continue }
            let words = name.split(separator: " ").map { (text: String($0), style: Palette.Style.plain) }
            let line = detail(label, indentation: Self.labelColumn)
            lines += line.filled(with: words) { blank(to: Self.valueColumn) }
        }
        if let initiator = ikeSA.initiatorSPI, let responder = ikeSA.responderSPI {
            var line = detail("SPIs", indentation: Self.labelColumn)
            line.add("initiator \(initiator), responder \(responder)")
            lines.append(line)
        }
        return lines
    }
}
