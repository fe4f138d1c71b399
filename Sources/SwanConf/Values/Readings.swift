import IKEWire

/// What was read of settings or sections, each once: a thousand connections may inherit the same ones, and share what they say.
final class Readings<Source: AnyObject, Reading> {
    /// With what they were read of, so that no other takes its identity.
    private var known: [ObjectIdentifier: (source: Source, reading: Reading)] = [:]

    /// What was read of an object before, or what `read` makes of it now.
    func reading(
        of source: Source,
        _ read: () throws(ConfigurationError) -> Reading
    ) throws(ConfigurationError) -> Reading {
        if let known = known[ObjectIdentifier(source)] { return known.reading }
        let reading = try read()
        known[ObjectIdentifier(source)] = (source, reading)
        return reading
    }
}

/// The parts of connections that take more than a look to read.
struct ConnectionReadings {
    let hosts = Readings<Setting, [HostPattern]>()
    let proposals = Readings<Setting, [Proposal]>()
    let selectors = Readings<Setting, [TrafficSelectorTemplate]>()
    let rounds = Readings<Section, AuthenticationRound>()
}

/// A section `local` or `remote`, and where it stands among those of its end.
struct AuthenticationRound {
    let number: UInt32
    let configuration: AuthenticationConfiguration
}
