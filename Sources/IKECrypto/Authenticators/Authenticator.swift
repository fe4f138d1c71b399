import COpenSSL
import IKEWire

/// A keyed MAC for one message after the other: libcrypto's, or AES-XCBC made from its parts.
enum Authenticator: ~Copyable {
    case library(MACContext)
    case xcbc(XCBC)

    /// Room that takes the untruncated code of every algorithm.
    static let largestLength = Int(EVP_MAX_MD_SIZE)

    /// The integrity algorithm of a suite, keyed (RFC 2404, 4868, 4494, 3566).
    init(_ algorithm: IntegrityAlgorithm, key: SecretBytes) throws(CryptoError) {
        switch algorithm {
        case .hmacSHA1_96: self = .library(try MACContext(.hmacSHA1, key: key))
        case .hmacSHA2_256_128: self = .library(try MACContext(.hmacSHA2_256, key: key))
        case .hmacSHA2_384_192: self = .library(try MACContext(.hmacSHA2_384, key: key))
        case .hmacSHA2_512_256: self = .library(try MACContext(.hmacSHA2_512, key: key))
        case .aesCMAC_96: self = .library(try MACContext(.cmacAES128, key: key))
        case .aesXCBC_96: self = .xcbc(try XCBC(key: key))
        default: throw .unsupported("\(algorithm)")
        }
    }

    /// Begins a message; the first one has begun by itself.
    @inline(__always)
    func start() throws(CryptoError) {
        switch self {
        case .library(let context): try context.start()
        case .xcbc(let xcbc): try xcbc.start()
        }
    }

    /// Takes more of the message.
    @inline(__always)
    func update(_ data: UnsafeRawPointer?, count: Int) throws(CryptoError) {
        switch self {
        case .library(let context): try context.update(data, count: count)
        case .xcbc(let xcbc): try xcbc.update(data, count: count)
        }
    }

    /// Ends the message and writes the untruncated code.
    @inline(__always)
    func finish(to output: UnsafeMutableRawPointer) throws(CryptoError) {
        switch self {
        case .library(let context): try context.finish(to: output)
        case .xcbc(let xcbc): try xcbc.finish(to: output)
        }
    }
}

// MARK: - Off the packet path

extension Authenticator {
    func update(_ data: [UInt8]) throws(CryptoError) {
        try data.span.withUnsafeBytes { (data) throws(CryptoError) in try update(data.baseAddress, count: data.count) }
    }

    func update(_ data: SecretBytes) throws(CryptoError) {
        try data.withUnsafeBytes { (data) throws(CryptoError) in try update(data.baseAddress, count: data.count) }
    }

    /// Ends the message. `length` is that of the untruncated code.
    func finish(length: Int) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: length) { (output) throws(CryptoError) in
            guard let base = output.baseAddress else { return }
            try finish(to: base)
        }
    }
}
