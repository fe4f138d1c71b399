import Glibc
import IKECore
import IKECrypto
import IKEWire
import Inet
import LinuxNet

/// Writes keys in the form of Wireshark's `ikev2_decryption_table` and `esp_sa` files, so that captures can be read.
///
/// Whoever reads these files can read the traffic: they are made with mode 0600, only when `key_log` names a directory.
struct KeyLog {
    let directory: String

    /// Makes the directory, readable by us alone, unless it is there.
    init(directory: String) throws(Errno) {
        self.directory = directory
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw Errno("make the directory \(directory) of key_log", code: errno)
        }
    }

    /// - Returns: what went wrong, for the log.
    func write(_ keys: KeyExport) -> String? {
        switch keys {
        case .ike(let spiI, let spiR, let suite, let keys):
            guard let line = Self.line(spiI: spiI, spiR: spiR, suite, keys) else { return nil }
            return append(line, to: "ikev2_decryption_table")
        case .esp(let childSA):
            let lines = Self.lines(childSA)
            return lines.isEmpty ? nil : append(lines.joined(separator: "\n"), to: "esp_sa")
        }
    }

    private func append(_ line: String, to file: String) -> String? {
        let path = directory + "/" + file
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return "cannot write keys to \(path): \(String(cString: strerror(errno)))" }
        defer { close(descriptor) }
        let octets = Array((line + "\n").utf8)
        guard octets.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == octets.count else {
            return "cannot write keys to \(path): \(String(cString: strerror(errno)))"
        }
        return nil
    }

    // MARK: - Wireshark's formats

    /// SPIi, SPIr, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity.
    static func line(spiI: IKESPI, spiR: IKESPI, _ suite: CipherSuite, _ keys: IKEKeys) -> String? {
        guard let encryption = ikeName(suite), let integrity = ikeIntegrityName(suite) else { return nil }
        return [
            spiI.description, spiR.description, hex(keys.ei), hex(keys.er), "\"\(encryption)\"",
            hex(keys.ai), hex(keys.ar), "\"\(integrity)\"",
        ].joined(separator: ",")
    }

    /// One line for each direction: protocol, source, destination, SPI, encryption and key, integrity and key.
    static func lines(_ childSA: ChildSA) -> [String] {
        guard let encryption = espName(childSA.suite), let keys = childSA.keys else { return [] }
        let integrity = espIntegrityName(childSA.suite)
        func line(_ from: IPAddress, _ to: IPAddress, _ spi: ESPSPI, _ keys: CipherKeys) -> String {
            [
                from.family == .v4 ? "IPv4" : "IPv6", from.description, to.description, "0x\(spi)",
                encryption, "0x\(hex(keys.encryption))", integrity,
                keys.integrity.count == 0 ? "" : "0x\(hex(keys.integrity))",
            ].map { "\"\($0)\"" }.joined(separator: ",")
        }
        let local = childSA.local.address
        let remote = childSA.remote.address
        return [
            line(remote, local, childSA.inboundSPI, keys.inbound),
            line(local, remote, childSA.outboundSPI, keys.outbound),
        ]
    }

    private static func ikeName(_ suite: CipherSuite) -> String? {
        let bits = suite.keyLength ?? 0
        return switch suite.encryption {
        case .aesCBC: "AES-CBC-\(bits) [RFC3602]"
        case .aesCTR: "AES-CTR-\(bits) [RFC5930]"
        case .aesGCM8: "AES-GCM-\(bits) with 8 octet ICV [RFC5282]"
        case .aesGCM12: "AES-GCM-\(bits) with 12 octet ICV [RFC5282]"
        case .aesGCM16: "AES-GCM-\(bits) with 16 octet ICV [RFC5282]"
        case .aesCCM8: "AES-CCM-\(bits) with 8 octet ICV [RFC5282]"
        case .aesCCM12: "AES-CCM-\(bits) with 12 octet ICV [RFC5282]"
        case .aesCCM16: "AES-CCM-\(bits) with 16 octet ICV [RFC5282]"
        default: nil
        }
    }

    private static func ikeIntegrityName(_ suite: CipherSuite) -> String? {
        guard !suite.isAEAD else { return "NONE [RFC4306]" }
        return switch suite.integrity {
        case .hmacSHA1_96: "HMAC_SHA1_96 [RFC2404]"
        case .hmacSHA2_256_128: "HMAC_SHA2_256_128 [RFC4868]"
        case .hmacSHA2_384_192: "HMAC_SHA2_384_192 [RFC4868]"
        case .hmacSHA2_512_256: "HMAC_SHA2_512_256 [RFC4868]"
        default: nil
        }
    }

    private static func espName(_ suite: CipherSuite) -> String? {
        switch suite.encryption {
        case .aesCBC: "AES-CBC [RFC3602]"
        case .aesCTR: "AES-CTR [RFC3686]"
        case .aesGCM8: "AES-GCM with 8 octet ICV [RFC4106]"
        case .aesGCM12: "AES-GCM with 12 octet ICV [RFC4106]"
        case .aesGCM16: "AES-GCM with 16 octet ICV [RFC4106]"
        case .chaCha20Poly1305: "ChaCha20 with Poly1305 [RFC7634]"
        default: nil
        }
    }

    private static func espIntegrityName(_ suite: CipherSuite) -> String {
        switch suite.integrity {
        case .hmacSHA1_96: "HMAC-SHA-1-96 [RFC2404]"
        case .hmacSHA2_256_128: "HMAC-SHA-256-128 [RFC4868]"
        case .hmacSHA2_384_192: "HMAC-SHA-384-192 [RFC4868]"
        case .hmacSHA2_512_256: "HMAC-SHA-512-256 [RFC4868]"
        default: "NULL"
        }
    }

    private static func hex(_ secret: SecretBytes) -> String {
        secret.withUnsafeBytes { bytes in
            bytes.map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }
    }
}
