import Foundation
package import IKECrypto

/// The keys, certificates and lists of `Tests/Vectors/computed-certificates`.
package enum Fixture {
    /// Within the validity of all but `expired` and `future`: 2030-01-01.
    package static let today = UnixTime(seconds: 1_893_456_000)

    package static func file(_ name: String) throws -> [UInt8] {
        try [UInt8](Vectors.data("computed-certificates/\(name)"))
    }

    package static func certificate(_ name: String) throws -> X509Certificate {
        try X509Certificate.parse(file("\(name).pem"))[0]
    }

    package static func certificates(_ names: [String]) throws -> [X509Certificate] {
        try names.map { try certificate($0) }
    }

    package static func revocationList(_ name: String) throws -> RevocationList {
        try RevocationList.parse(file("\(name).crl"))[0]
    }

    package static func privateKey(_ name: String) throws -> PrivateKey {
        try PrivateKey(parsing: SecretBytes(copying: file("\(name).key")), passphrase: nil)
    }

    package static func publicKey(_ name: String) throws -> PublicKey {
        try PublicKey.parse(file("\(name).pub"))
    }
}
