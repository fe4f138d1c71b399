import SwanConf

extension Command {
    static let new = Command(
        name: "new",
        summary: "write matching configurations for two hosts",
        details: """
            Each end is the address or the name of a gateway, with the networks behind it. DIR gets a directory
            left and one right, each to be copied to /etc/iked of its host; nothing that is there already is
            overwritten. With --auth cert the directory ca beside them keeps the CA, for further hosts.
            """,
        options: [
            Command.Option(name: "left", value: "HOST", summary: "the address or name of one gateway"),
            Command.Option(
                name: "left-net",
                value: "NETS",
                summary: "the networks behind it, with commas between them"
            ),
            Command.Option(name: "right", value: "HOST", summary: "the address or name of the other gateway"),
            Command.Option(name: "right-net", value: "NETS", summary: "the networks behind that one"),
            Command.Option(
                name: "auth",
                value: "KIND",
                summary: "psk (a secret, the default), key (raw public keys) or cert (certificates)"
            ),
            Command.Option(name: "dir", value: "DIR", summary: "where to write (\(NewCommand.defaultDirectory))"),
        ],
        run: NewCommand.run
    )
}

enum NewCommand {
    static let defaultDirectory = "new"

    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let left = Site(
            name: "left",
            host: try needed("left", invocation),
            networks: try needed("left-net", invocation)
        )
        let right = Site(
            name: "right",
            host: try needed("right", invocation),
            networks: try needed("right-net", invocation)
        )
        let kind = try proof(invocation)
        let directory = invocation.value("dir") ?? defaultDirectory
        // Whatever is wrong with a host or a network shows before the first file is made.
        for (own, peer) in [(left, right), (right, left)] { try check(own, peer, invocation) }
        try SiteFiles.write(left, right, provenBy: kind, to: directory)
        console.print("wrote \(directory)/left and \(directory)/right: each goes to /etc/iked of its host, as in")
        console.print("  scp -r \(directory)/left/. root@\(left.host):/etc/iked/")
        console.print("  scp -r \(directory)/right/. root@\(right.host):/etc/iked/")
        console.print(
            "When iked runs on both and has read it (systemctl reload iked), \(left.networks) === \(right.networks) comes up by "
                + "itself; ikectl status shows it."
        )
        return .ok
    }

    private static func needed(_ option: String, _ invocation: Invocation) throws(Failure) -> String {
        guard let value = invocation.value(option), !value.isEmpty else {
            throw .usage("'new' needs --left, --left-net, --right and --right-net; --\(option) is missing", of: "new")
        }
        return value
    }

    private static func proof(_ invocation: Invocation) throws(Failure) -> Site.Proof {
        let text = invocation.value("auth") ?? Site.Proof.psk.rawValue
        guard let proof = Site.Proof(rawValue: text) else {
            throw .usage("--auth takes psk, key or cert, not '\(text)'", of: "new")
        }
        return proof
    }

    private static func check(_ own: Site, _ peer: Site, _ invocation: Invocation) throws(Failure) {
        do throws(ConfigurationError) {
            _ = try Configuration(
                parsing: own.configuration(with: peer, .psk(secret: "0x00")),
                file: "\(own.name)/iked.conf"
            )
        } catch {
            throw .usage("there would be no valid configuration for \(own.name): \(error.message)", of: "new")
        }
    }
}
