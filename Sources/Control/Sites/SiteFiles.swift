import IKECrypto
import IKEWire

/// The directories of two gateways, each to be copied to `/etc/iked` of its host.
enum SiteFiles {
    /// Writes both, with new keys.
    static func write(_ left: Site, _ right: Site, provenBy proof: Site.Proof, to directory: String) throws(Failure) {
        for site in [left, right] where PKIFile.exists("\(directory)/\(site.name)") {
            throw .failed("\(directory)/\(site.name) exists already and is not overwritten")
        }
        try PKIFile.makeDirectory(directory, mode: 0o755)
        for site in [left, right] { try PKIFile.makeDirectory("\(directory)/\(site.name)", mode: 0o700) }
        switch proof {
        case .psk: try writeSecret(left, right, directory)
        case .key: try writeKeys(left, right, directory)
        case .cert: try writeCertificates(left, right, directory)
        }
    }

    private static func writeSecret(_ left: Site, _ right: Site, _ directory: String) throws(Failure) {
        let secret = SystemRandom().secret(32).withUnsafeBytes { "0x" + hexadecimal($0) }
        for (own, peer) in [(left, right), (right, left)] {
            try write(own.configuration(with: peer, .psk(secret: secret)), of: own, directory)
        }
    }

    private static func writeKeys(_ left: Site, _ right: Site, _ directory: String) throws(Failure) {
        for (own, peer) in [(left, right), (right, left)] {
            let key = try withFailure(own.host) { () throws(CryptoError) in try PrivateKey.make(.ed25519) }
            try PKIFile.makeDirectory("\(directory)/\(own.name)/private", mode: 0o700)
            let pem = try withFailure(own.host) { () throws(CryptoError) in try key.pem() }
            try pem.withUnsafeBytes { (octets) throws(Failure) in
                try PKIFile.writeSecret(octets, to: "\(directory)/\(own.name)/private/\(own.name).pem")
            }
            for host in [own, peer] {
                try PKIFile.makeDirectory("\(directory)/\(host.name)/pubkey", mode: 0o755)
                try PKIFile.write(
                    key.publicKey.subjectPublicKeyInfo,
                    to: "\(directory)/\(host.name)/pubkey/\(own.name).der"
                )
            }
            let credentials = Site.Credentials.keys(own: "\(own.name).der", peer: "\(peer.name).der")
            try write(own.configuration(with: peer, credentials), of: own, directory)
        }
    }

    private static func writeCertificates(_ left: Site, _ right: Site, _ directory: String) throws(Failure) {
        var authority = try PKIAuthority.make(
            named: "\(left.host) and \(right.host)",
            kind: .ecdsa(.p256),
            days: 3650,
            in: PKIDirectory(path: "\(directory)/ca")
        )
        for (own, peer) in [(left, right), (right, left)] {
            let (_, file) = try authority.issue(
                to: [try AlternativeName(identity: own.host, of: "new")],
                commonName: String(own.host.prefix(64)),
                kind: .ecdsa(.p256),
                days: 1095,
                into: PKIDirectory(path: "\(directory)/\(own.name)")
            )
            let credentials = Site.Credentials.certificate(own: "\(file).pem", authority: "\(authority.name).pem")
            try write(own.configuration(with: peer, credentials), of: own, directory)
        }
    }

    private static func write(_ configuration: String, of site: Site, _ directory: String) throws(Failure) {
        try Array(configuration.utf8).span.withUnsafeBytes { (octets) throws(Failure) in
            try PKIFile.writeSecret(octets, to: "\(directory)/\(site.name)/iked.conf")
        }
    }
}
