import IKECore
import IKECrypto
import SwanConf
import VICI

// Authorities, and what was fetched of them, over the control socket.

extension Daemon {
    func loadAuthority(_ message: VICIMessage) -> VICIMessage {
        var loaded: [String] = []
        for (name, section) in message.sections {
            do {
                try store.load(try AuthorityConfiguration(name: name, section: Section(name: name, section)))
                loaded.append(name)
            } catch let error as ConfigurationError {
                return .failure(error.summary)
            } catch {
                return .failure("\(error)")
            }
        }
        guard !loaded.isEmpty else { return .failure("load-authority brings no authority") }
        policyChanged("loaded authority \(loaded.joined(separator: ", "))")
        return .success
    }

    func unloadAuthority(_ message: VICIMessage) -> VICIMessage {
        guard let name = message["name"], store.unload(authority: name) else {
            return .failure("there is no authority '\(message["name"] ?? "")' from the control socket")
        }
        policyChanged("unloaded authority \(name)")
        return .success
    }

    /// Streams what `list-authorities` asks for.
    func listAuthorities(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        for (authority, certificate) in store.authorities
        where message["name"].map({ $0.isEmpty || $0 == authority.name }) ?? true {
            var section: VICIMessage = [
                "cacert": .text(certificate.subjectText),
                "crl_uris": .texts(authority.revocationListURLs),
                "ocsp_uris": .texts(authority.ocspURLs),
            ]
            if let base = authority.certificateBase { section.append("cert_uri_base", .text(base)) }
            control.stream(
                client,
                "list-authority",
                VICIMessage(entries: [VICIMessage.Entry(authority.name, .section(section))])
            )
        }
        control.reply(client, [:])
    }

    /// Forgets what was fetched: OCSP responses, revocation lists, certificates, or all.
    func flushCertificates(_ message: VICIMessage) -> VICIMessage {
        switch (message["type"] ?? "ANY").uppercased() {
        case "ANY", "":
            revocation.flush(responses: true, lists: true)
            certificates.flush()
        case "X509": certificates.flush()
        case "X509_CRL": revocation.flush(responses: false, lists: true)
        case "OCSP_RESPONSE": revocation.flush(responses: true, lists: false)
        // Nothing of another type is fetched.
        case "X509_AC", "PUBKEY": break
        case let type: return .failure("'\(type)' is no type of certificates")
        }
        log(.info, "forgot what was fetched of certificates and their revocation", .cfg)
        return .success
    }
}
