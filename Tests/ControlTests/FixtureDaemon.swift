import Foundation
import Synchronization
import VICI
import VICISupport

@testable import Control

/// A daemon with connections and SAs of the test's choice, and `ikectl` run against it.
struct FixtureDaemon {
    private let daemon: ScriptedDaemon
    private let requests = Requests()

    /// What was asked of it.
    private final class Requests: Sendable {
        let all = Mutex<[VICISession.Request]>([])
    }

    /// Of each `list-sas` so far, which connection it asked for.
    var filters: [String?] {
        requests.all.withLock { $0.filter { $0.command == "list-sas" }.map { $0.message["ike"] } }
    }

    /// What one run of `ikectl` did.
    struct Outcome {
        var code: ExitCode
        var output: String
        var error: String

        /// The lines of the output.
        var lines: [String] {
            output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
    }

    /// - Parameter answers: answers to commands other than those that list; a command without one is unknown.
    init(
        connections: [VICIMessage] = [],
        ikeSAs: [VICIMessage] = [],
        policies: [VICIMessage] = [],
        answers: [String: @Sendable (VICIMessage, inout VICISession) -> VICIMessage] = [:]
    ) throws {
        let requests = requests
        daemon = try ScriptedDaemon { request, session in
            requests.all.withLock { $0.append(request) }
            func isWanted(_ message: VICIMessage) -> Bool {
                request.message["ike"].map { message.section($0) != nil } ?? true
            }
            switch request.command {
            case "version":
                session.reply([
                    "daemon": "iked", "version": "0.1.0", "sysname": "Linux", "release": "6.1.0", "machine": "x86_64",
                ])
            case "stats":
                session.reply([
                    "uptime": ["running": "3 days", "seconds": "273600"],
                    "offloads": [
                        "tun-super-packets-read": "1200", "tun-super-packets-written": "34",
                        "udp-packets-joined": "5600", "udp-packets-merged": "78", "refused": "0",
                    ],
                ])
            case "list-conns":
                for connection in connections where isWanted(connection) { session.stream("list-conn", connection) }
                session.reply([:])
            case "list-sas":
                for ikeSA in ikeSAs where isWanted(ikeSA) { session.stream("list-sa", ikeSA) }
                session.reply([:])
            case "list-policies":
                for policy in policies { session.stream("list-policy", policy) }
                session.reply([:])
            default:
                if let answer = answers[request.command] {
                    session.reply(answer(request.message, &session))
                } else {
                    session.unknownCommand()
                }
            }
        }
    }

    /// Runs a command line against this daemon.
    func run(_ arguments: String..., palette: Palette = .unicode) -> Outcome {
        run(arguments, palette: palette)
    }

    func run(_ arguments: [String], palette: Palette = .unicode) -> Outcome {
        Self.run(arguments, socket: daemon.path, palette: palette)
    }

    /// Runs a command line; without a socket there is no daemon.
    static func run(
        _ arguments: [String],
        socket: String = "/nonexistent/iked.vici",
        palette: Palette = .unicode
    ) -> Outcome {
        var output = ""
        var error = ""
        let console = Console(
            palette: palette,
            isTerminal: false,
            output: { output += $0 },
            error: { error += $0 }
        )
        let environment = { (name: String) in name == "IKED_SOCKET" ? socket : nil }
        let code = Control.run(arguments, environment: environment, console: console)
        return Outcome(code: code, output: output, error: error)
    }
}

extension Palette {
    static let unicode = Palette(hasColor: false, hasUnicode: true)
    static let ascii = Palette(hasColor: false, hasUnicode: false)
    static let color = Palette(hasColor: true, hasUnicode: true)
}

// MARK: - Messages of a daemon

enum Fixture {
    /// A connection as `list-conn` tells it.
    static func connection(
        _ name: String,
        remote: String = "198.51.100.7",
        children: [String] = ["net"],
        startAction: String = "start"
    ) -> VICIMessage {
        var sections = VICIMessage()
        for child in children {
            sections.append(
                child,
                [
                    "mode": "TUNNEL", "rekey_time": "3600", "life_time": "3960", "start_action": .text(startAction),
                    "dpd_action": "none", "close_action": "none", "esp_proposals": ["aes256gcm16-x25519"],
                    "local-ts": ["10.1.0.0/16"], "remote-ts": ["10.2.0.0/16"],
                ]
            )
        }
        return [
            name: [
                "local_addrs": ["192.0.2.1"], "remote_addrs": [remote], "local_port": "500", "remote_port": "500",
                "version": "IKEv2", "reauth_time": "0", "rekey_time": "14400", "life_time": "86400",
                "dpd_delay": "30", "unique": "UNIQUE_NO",
                "proposals": ["aes256gcm16-prfsha384-x25519", "aes128-sha256-modp2048"],
                "local-1": ["class": "pre-shared key", "id": "moon.example.org"],
                "remote-1": ["class": "pre-shared key", "id": "sun.example.org"],
                "children": .section(sections),
            ]
        ]
    }

    /// A trapped child as `list-policy` tells it.
    static func trap(_ connection: String, _ child: String = "net") -> VICIMessage {
        [
            "\(connection)/\(child)": [
                "child": .text(child), "ike": .text(connection), "mode": "TUNNEL",
                "local-ts": ["10.1.0.0/16"], "remote-ts": ["10.2.0.0/16"],
            ]
        ]
    }

    /// An established IKE SA with a CHILD SA for each name, as `list-sa` tells it. The numbers vary with `index`.
    static func ikeSA(
        _ connection: String,
        index: Int = 0,
        children: [String] = ["net"],
        change: (inout VICIMessage) -> Void = { _ in }
    ) -> VICIMessage {
        var ikeSA: VICIMessage = [
            "uniqueid": .number(index + 3), "version": "2", "state": "ESTABLISHED",
            "local-host": "192.0.2.1", "local-port": "4500", "local-id": "moon.example.org",
            "remote-host": .text("198.51.100.\(index + 7)"), "remote-port": "4500", "remote-id": "sun.example.org",
            "initiator": .flag(index % 2 == 0), "initiator-spi": "a1b2c3d4e5f60718",
            "responder-spi": "1122334455667788",
            "nat-remote": .flag(index % 2 == 0), "nat-any": .flag(index % 2 == 0),
            "encr-alg": "AES_GCM_16", "encr-keysize": "256", "prf-alg": "PRF_HMAC_SHA2_384", "dh-group": "CURVE_25519",
            "established": .number(724 + index * 977), "rekey-time": "13260", "life-time": "85676",
            "life-total": "86400",
            "local-auth": "pre-shared key", "remote-auth": "pre-shared key", "retransmits": "0",
        ]
        var sections = VICIMessage()
        for child in children { sections.append("\(child)-\(index + 7)", .section(childSA(child, index: index))) }
        ikeSA.set("child-sas", .section(sections))
        change(&ikeSA)
        return [connection: .section(ikeSA)]
    }

    private static func childSA(_ name: String, index: Int) -> VICIMessage {
        [
            "name": .text(name), "uniqueid": .number(index + 7), "reqid": "1", "state": "INSTALLED", "mode": "TUNNEL",
            "protocol": "ESP", "encap": "yes", "spi-in": "c1234567", "spi-out": "c89abcde",
            "encr-alg": "AES_GCM_16", "encr-keysize": "256",
            "bytes-in": .number(1_288_490_188 / (index + 1)), "packets-in": .number(901_234 * (index + 1)),
            "use-in": "2",
            "bytes-out": .number(325_058_560 / (index + 1)), "packets-out": .number(412_000 / (index + 1)),
            "use-out": "0",
            "rekey-time": "3130", "life-time": "3490", "install-time": .number(724 + index * 977),
            "local-ts": ["10.1.0.0/16"], "remote-ts": .texts(["10.\(index + 2).0.0/16"]), "mtu": "1400",
        ]
    }
}
