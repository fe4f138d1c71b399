import IKECrypto
import IKEWire
import Inet

/// Cookies that let a responder see, without keeping any state, that an initiator receives at the address it sends from
/// (RFC 7296 section 2.6).
///
///     cookie = version (1 octet) | first 16 octets of HMAC-SHA2-256(secret[version], Ni | address | port | SPIi)
///
/// The secret changes every `lifetime`; the one before stays good, so a cookie lives between one and two lifetimes.
struct CookieJar {
    static let lifetime: Duration = .seconds(60)

    private struct Secret {
        let version: UInt8
        let key: SecretBytes
    }

    private var current: Secret
    private var previous: Secret?
    private var rotatesAt: Instant

    init(random: any RandomSource, now: Instant) {
        current = Secret(version: 0, key: random.secret(32))
        rotatesAt = now + Self.lifetime
    }

    mutating func cookie(nonce: [UInt8], remote: SocketAddress, spiI: IKESPI, random: any RandomSource, now: Instant)
        -> [UInt8]?
    {
        rotate(random: random, now: now)
        return Self.cookie(current, nonce: nonce, remote: remote, spiI: spiI)
    }

    mutating func accepts(
        _ cookie: [UInt8],
        nonce: [UInt8],
        remote: SocketAddress,
        spiI: IKESPI,
        random: any RandomSource,
        now: Instant
    ) -> Bool {
        rotate(random: random, now: now)
        guard let version = cookie.first,
            let secret = [current, previous].compactMap({ $0 }).first(where: { $0.version == version }),
            let expected = Self.cookie(secret, nonce: nonce, remote: remote, spiI: spiI)
        else { return false }
        return SecretBytes(copying: expected) == SecretBytes(copying: cookie)
    }

    private mutating func rotate(random: any RandomSource, now: Instant) {
        guard now >= rotatesAt else { return }
        let isStale = now >= rotatesAt + Self.lifetime
        previous = isStale ? nil : current
        current = Secret(version: current.version &+ 1, key: random.secret(32))
        rotatesAt = now + Self.lifetime
    }

    private static func cookie(_ secret: Secret, nonce: [UInt8], remote: SocketAddress, spiI: IKESPI) -> [UInt8]? {
        let input = nonce + remote.address.bytes + remote.port.bigEndianBytes + spiI.bytes
        guard let mac = try? HMAC.sha256(key: secret.key, input) else { return nil }
        return [secret.version] + mac.prefix(16)
    }
}
