/// The times at which SAs are renewed and end, as far as connections and children share them.
enum Lifetime {
    /// The time at random before `rekeyTime` at which rekeying starts.
    ///
    /// It must leave something of `rekeyTime`, or a new SA would be rekeyed at once and again; where it is only derived
    /// from another time and that is long, half of `rekeyTime` is taken.
    static func randTime(
        _ reader: SectionReader,
        rekeyTime: Duration,
        default standard: Duration
    ) throws(ConfigurationError) -> Duration {
        guard let value = try reader.value("rand_time"), let randTime = try reader.duration("rand_time") else {
            return standard < rekeyTime ? standard : rekeyTime / 2
        }
        guard randTime < rekeyTime || rekeyTime == .zero else {
            throw value.failure("`rand_time` must be shorter than `rekey_time`")
        }
        return randTime
    }
}
