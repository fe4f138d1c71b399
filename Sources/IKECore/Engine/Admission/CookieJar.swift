import IKECrypto
import IKEWire
import Inet

/// Who asks for an IKE SA, as far as a cookie binds him to it.
struct Newcomer {
    let nonce: [UInt8]
    let remote: SocketAddress
    let spiI: IKESPI
}

/// What an initiator was asked for before it got an answer; its cookie says it, so that we need not remember it.
struct Challenge: Equatable {
    /// A puzzle to solve, and how many there have been in a row with this one; nil where the cookie was all.
    var puzzle: (Puzzle, round: UInt8)?

    static func == (left: Challenge, right: Challenge) -> Bool { left.octets == right.octets }

    /// PRF, difficulty, round; a round of 0 says that there is no puzzle.
    var octets: [UInt8] {
        guard let (puzzle, round) = puzzle else { return [0, 0, 0, 0] }
        return puzzle.notify.data + [round]
    }

    init(puzzle: (Puzzle, round: UInt8)? = nil) { self.puzzle = puzzle }

    init?(octets: [UInt8]) {
        guard octets.count == 4, let puzzle = Puzzle(Notify(.puzzle, data: Array(octets.prefix(3)))) else { return nil }
        self.puzzle = octets[3] == 0 ? nil : (puzzle, round: octets[3])
    }
}

/// Cookies that let a responder see, without keeping any state, that an initiator receives at the address it sends from, and
/// what it was asked for (RFC 7296 section 2.6, RFC 8019 section 7.1.1.3).
///
///     cookie = version (1 octet) | challenge (4 octets)
///              | first 16 octets of HMAC-SHA2-256(secret[version], challenge | Ni | address | port | SPIi)
///
/// The secret changes every `lifetime`; the one before stays good, so a cookie lives between one and two lifetimes. In that time
/// the solution of a puzzle serves once: the cookies of those that did are remembered (RFC 8019 section 10).
struct CookieJar {
    static let lifetime: Duration = .seconds(60)
    /// Solved puzzles that are remembered for one secret; with more, the secret changes early.
    static let mostSpent = 8192

    private static let challengeLength = 4
    private static let codeLength = 16

    private struct Secret {
        let version: UInt8
        let key: SecretBytes
        var spent: Set<[UInt8]> = []
    }

    private let random: any RandomSource
    private var current: Secret
    private var previous: Secret?
    private var rotatesAt: Instant

    init(random: any RandomSource, now: Instant) {
        self.random = random
        current = Secret(version: 0, key: random.secret(32))
        rotatesAt = now + Self.lifetime
    }

    /// The cookie that asks `newcomer` for what `challenge` says; nil only if there is no memory for it.
    mutating func cookie(for newcomer: Newcomer, _ challenge: Challenge, _ now: Instant) -> [UInt8]? {
        rotate(now)
        return Self.cookie(current, newcomer, challenge.octets)
    }

    /// What was asked for with a cookie that `newcomer` brings; nil if it is not one of ours for him, or too old, or spent.
    mutating func challenge(of cookie: [UInt8], for newcomer: Newcomer, _ now: Instant) -> Challenge? {
        rotate(now)
        guard let version = cookie.first, cookie.count == 1 + Self.challengeLength + Self.codeLength,
            let secret = [current, previous].compactMap({ $0 }).first(where: { $0.version == version })
        else { return nil }
        let asked = Array(cookie[1...Self.challengeLength])
        guard let expected = Self.cookie(secret, newcomer, asked),
            SecretBytes(copying: expected) == SecretBytes(copying: cookie), !secret.spent.contains(cookie)
        else { return nil }
        return Challenge(octets: asked)
    }

    /// Sees to it that a cookie is not accepted again.
    mutating func spend(_ cookie: [UInt8]) {
        if previous?.version == cookie.first {
            previous?.spent.insert(cookie)
        } else if current.version == cookie.first {
            current.spent.insert(cookie)
        }
        if let previous, previous.spent.count >= Self.mostSpent { self.previous = nil }
        if current.spent.count >= Self.mostSpent { replaceSecret(isStale: false) }
    }

    private mutating func rotate(_ now: Instant) {
        guard now >= rotatesAt else { return }
        replaceSecret(isStale: now >= rotatesAt + Self.lifetime)
        rotatesAt = now + Self.lifetime
    }

    private mutating func replaceSecret(isStale: Bool) {
        previous = isStale ? nil : current
        current = Secret(version: current.version &+ 1, key: random.secret(32))
    }

    private static func cookie(_ secret: Secret, _ newcomer: Newcomer, _ challenge: [UInt8]) -> [UInt8]? {
        let remote = newcomer.remote
        let input = challenge + newcomer.nonce + remote.address.bytes + remote.port.bigEndianBytes + newcomer.spiI.bytes
        guard let mac = try? HMAC.sha256(key: secret.key, input) else { return nil }
        return [secret.version] + challenge + mac.prefix(codeLength)
    }
}
