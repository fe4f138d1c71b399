/// After how much traffic a CHILD SA is renewed and ends: `rekey_bytes`, `life_bytes` and `rand_bytes`, or the same of
/// packets. Each direction counts by itself.
package struct VolumeLimits: Hashable, Sendable {
    /// The volume at which the CHILD SA is rekeyed; zero for never.
    package let rekey: UInt64
    /// The volume at which it ends; zero for never. More than `rekey` unless it is zero.
    package let life: UInt64
    /// A random volume up to this is taken off `rekey`.
    package let rand: UInt64

    /// Each derives from the others as with times: 10 % apart.
    ///
    /// - Parameters: what the three settings are called.
    init(rekey rekeyKey: String, life lifeKey: String, rand randKey: String, _ reader: SectionReader)
        throws(ConfigurationError)
    {
        let configuredLife = try Self.volume(lifeKey, reader)
        let configuredRekey = try Self.volume(rekeyKey, reader)
        let derivedRekey = configuredLife.map { $0 - $0 / 10 } ?? 0
        rekey = configuredRekey ?? derivedRekey
        life = configuredLife ?? rekey.addingReportingOverflow(rekey / 10).partialValue
        if life != 0, rekey >= life, let value = try reader.value(rekeyKey) {
            throw value.failure("`\(rekeyKey)` must be less than `\(lifeKey)`, or the SA ends before it is rekeyed")
        }
        rand = try Self.volume(randKey, reader) ?? (life > rekey ? life - rekey : 0)
        if rekey != 0, rand >= rekey, let value = try reader.value(randKey) {
            throw value.failure("`\(randKey)` must be less than `\(rekeyKey)`")
        }
    }

    /// Far beyond what any SA carries, and safe to add 10 % to.
    private static let largest = UInt64(Int64.max) / 2

    private static func volume(_ key: String, _ reader: SectionReader) throws(ConfigurationError) -> UInt64? {
        try reader.read(key, "a number such as `1000` or `500M`") { text in
            Scalars.size(text).flatMap { $0 <= largest ? $0 : nil }
        }
    }
}
