import IKECrypto
import IKEWire
import VICI

// Keys and certificates over the control socket.

extension Daemon {
    func loadCertificate(_ message: VICIMessage) -> VICIMessage {
        let octets = message.bytes("data") ?? []
        let flag = message["flag"] ?? "NONE"
        var loaded = CredentialSet()
        do throws(CryptoError) {
            switch (message["type"] ?? "").uppercased() {
            case "X509" where flag == "CA":
                loaded.authorities = try X509Certificate.parse(octets)
                guard loaded.authorities.allSatisfy(\.isAuthority) else {
                    return .failure("the certificate is not one of an authority (CA:TRUE)")
                }
            case "X509" where flag == "NONE" || flag.isEmpty: loaded.certificates = try X509Certificate.parse(octets)
            case "X509_CRL": loaded.revocationLists = try RevocationList.parse(octets)
            case let type:
                return .failure("certificates of type '\(type)' with the flag '\(flag)' are not supported yet by iked")
            }
        } catch {
            return .failure("the certificate cannot be used: \(error)")
        }
        store.load(loaded)
        let subjects = (loaded.authorities + loaded.certificates).map(\.subjectText)
        policyChanged("loaded certificate \(subjects.joined(separator: "; "))")
        return .success
    }

    func loadKey(_ message: VICIMessage) -> VICIMessage {
        let key: PrivateKey
        do throws(PrivateKeyError) {
            key = try PrivateKey(parsing: SecretBytes(copying: message.bytes("data") ?? []), passphrase: nil)
        } catch {
            return .failure("the private key cannot be used: \(error)")
        }
        store.load(CredentialSet(privateKeys: [key]))
        policyChanged("loaded private key \(key.publicKey)")
        var answer = VICIMessage.success
        answer.append("id", .text(key.publicKey.id))
        return answer
    }

    func unloadKey(_ message: VICIMessage) -> VICIMessage {
        guard let id = message["id"], store.unload(key: id) else {
            return .failure("there is no private key '\(message["id"] ?? "")' from the control socket")
        }
        policyChanged("unloaded private key \(id)")
        return .success
    }

    func clearCredentials() -> VICIMessage {
        store.clearCredentials()
        revocation.flush(responses: true, lists: true)
        certificates.flush()
        policyChanged("forgot all secrets, keys and certificates of the control socket")
        return .success
    }

    /// Streams what `list-certs` asks for: a type (ANY is all), a flag and a subject.
    func listCertificates(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let type = (message["type"] ?? "ANY").uppercased()
        let flag = (message["flag"] ?? "ANY").uppercased()
        let credentials = store.credentials
        let keys = Set(credentials.privateKeys.map(\.publicKey))
        let all =
            credentials.certificates.map { ($0, "NONE") } + credentials.authorities.map { ($0, "CA") }
        for (certificate, its) in all
        where ["ANY", "X509"].contains(type) && ["ANY", its].contains(flag)
            && (message["subject"].map { $0.isEmpty || $0 == certificate.subjectText } ?? true)
        {
            var entry: VICIMessage = ["type": "X509", "flag": .text(its)]
            if keys.contains(certificate.publicKey) { entry.append("has_privkey", "yes") }
            entry.append("data", .value(certificate.der))
            control.stream(client, "list-cert", entry)
        }
        for list in credentials.revocationLists + revocation.cache.lists where ["ANY", "X509_CRL"].contains(type) {
            control.stream(client, "list-cert", ["type": "X509_CRL", "data": .value(list.der)])
        }
        for response in revocation.cache.responses where ["ANY", "OCSP_RESPONSE"].contains(type) {
            control.stream(client, "list-cert", ["type": "OCSP_RESPONSE", "data": .value(response.der)])
        }
        control.reply(client, [:])
    }
}
