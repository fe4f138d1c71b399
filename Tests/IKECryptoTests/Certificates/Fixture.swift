import Foundation
import IKECrypto
import Support

/// The keys, certificates and lists of `Tests/Vectors/computed-certificates`.
enum Fixture {
    /// Within the validity of all but `expired` and `future`.
    static let now = UnixTime(seconds: 1_893_456_000)  // 2030-01-01

    static func file(_ name: String) throws -> [UInt8] {
        try [UInt8](Vectors.data("computed-certificates/\(name)"))
    }

    static func certificate(_ name: String) throws -> X509Certificate {
        try X509Certificate.parse(file("\(name).pem"))[0]
    }

    static func certificates(_ names: [String]) throws -> [X509Certificate] {
        var certificates: [X509Certificate] = []
        for name in names { certificates.append(try certificate(name)) }
        return certificates
    }

    static func revocationList(_ name: String) throws -> RevocationList {
        try RevocationList.parse(file("\(name).crl"))[0]
    }

    static func privateKey(_ name: String) throws -> PrivateKey {
        try PrivateKey(parsing: file("\(name).key"), passphrase: nil)
    }

    static func publicKey(_ name: String) throws -> PublicKey {
        try PublicKey.parse(file("\(name).pub"))
    }
}
