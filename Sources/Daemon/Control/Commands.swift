import Glibc
import IKECore
import IKECrypto
import LinuxNet
import SwanConf
import VICI

// The commands of the control socket; Sources/VICI/README.md lists their keys.

extension Daemon {
    func perform(_ request: VICISession.Request, for client: ControlServer.ClientID) {
        let message = request.message
        switch request.command {
        case "version": control.reply(client, versionMessage)
        case "stats": control.reply(client, statistics)
        case "list-sas": listSAs(message, client)
        case "list-conns": listConnections(message, client)
        case "log-levels": control.reply(client, changeLogLevels(message))
        case "explain": control.reply(client, explain(message))
        case "get-conns": control.reply(client, ["conns": .texts(store.loadedConnectionNames)])
        case "initiate": initiate(message, client)
        case "terminate": terminate(message, client)
        case "rekey": rekey(message, client)
        case "ping": ping(message, client)
        case "install": control.reply(client, installTrap(message))
        case "uninstall": control.reply(client, uninstallTrap(message))
        case "list-policies": listPolicies(message, client)
        case "load-conn": control.reply(client, loadConnection(message))
        case "unload-conn": control.reply(client, unloadConnection(message))
        case "load-shared": control.reply(client, loadShared(message))
        case "unload-shared": control.reply(client, unloadShared(message))
        case "get-shared": control.reply(client, ["keys": .texts(store.loadedSecretNames)])
        case "reload-settings", "reload": control.reply(client, reload())
        case "load-cert": control.reply(client, loadCertificate(message))
        case "load-key": control.reply(client, loadKey(message))
        case "unload-key": control.reply(client, unloadKey(message))
        case "get-keys": control.reply(client, ["keys": .texts(store.loadedKeys)])
        case "list-certs": listCertificates(message, client)
        case "clear-creds": control.reply(client, clearCredentials())
        case "get-pools": control.reply(client, poolsMessage(message))
        case "load-pool": control.reply(client, loadPool(message))
        case "unload-pool": control.reply(client, unloadPool(message))
        case "get-algorithms": control.reply(client, .algorithms)
        case "get-counters": control.reply(client, countersMessage(message))
        case "reset-counters": control.reply(client, resetCounters(message))
        case "list-authorities": listAuthorities(message, client)
        case "get-authorities": control.reply(client, ["authorities": .texts(store.loadedAuthorityNames)])
        case "load-authority": control.reply(client, loadAuthority(message))
        case "unload-authority": control.reply(client, unloadAuthority(message))
        case "flush-certs": control.reply(client, flushCertificates(message))
        default: control.unknownCommand(client)
        }
    }

    // MARK: - Looking

    private var versionMessage: VICIMessage {
        var system = utsname()
        uname(&system)
        return [
            "daemon": "iked",
            "version": .text(Software.version),
            "sysname": .text(Self.text(&system.sysname)),
            "release": .text(Self.text(&system.release)),
            "machine": .text(Self.text(&system.machine)),
        ]
    }

    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private func listSAs(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let now = now
        let namesChild = message["child"] != nil || message["child-id"] != nil
        endpoint.forEachSummary(now: now, id: message.number("ike-id"), of: message["ike"]) { sa in
            let children = namesChild ? sa.children.filter { message.admits($0.childSA) } : sa.children
            if namesChild, children.isEmpty { return }
            control.stream(client, "list-sa", of: children) { some in
                sa.message(children: some) { tunnels.traffic(of: $0, now: now) }
            }
        }
        control.reply(client, [:])
    }

    private func listConnections(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let name = message["ike"]
        for connection in store.connections where name == nil || name == connection.name {
            control.stream(client, "list-conn", of: connection.children) { connection.message(children: $0) }
        }
        control.reply(client, [:])
    }

    /// The IKE SAs that the filters `ike` and `ike-id` let through.
    func summaries(_ message: VICIMessage) -> [IKESASummary] {
        endpoint.summaries(now: now, id: message.number("ike-id"), of: message["ike"])
    }

    // MARK: - Acting on SAs

    private func initiate(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let wanted = message["child"]
        let candidates = store.connections.filter { connection in
            (message["ike"].map { $0 == connection.name } ?? true)
                && (wanted.map { name in connection.children.contains { $0.name == name } } ?? true)
        }
        guard message["ike"] != nil || wanted != nil, let connection = candidates.first else {
            let name = wanted.map { "child '\($0)'" } ?? "connection '\(message["ike"] ?? "")'"
            control.reply(client, .failure("there is no \(name) in the configuration; ikectl list shows what there is"))
            return
        }
        let id = commands.nextID()
        if message.number("timeout") ?? 0 >= 0 {
            commands.wait(id, message.waiting(client, .initiate, now: now))
        } else {
            control.reply(client, .success)
        }
        begin(connection, wanted.map { .only($0) } ?? .none, id)
    }

    /// Begins to bring a connection up.
    func begin(_ connection: ConnectionConfiguration, _ children: ChildChoice, _ id: CommandID) {
        begin(connection, id) { addresses in
            .initiate(
                connection: connection.name,
                children,
                local: addresses.local,
                remote: addresses.remote
            )
        }
    }

    /// Brings up the children that are to be up whenever the daemon runs (`start_action = start`).
    func initiateAtStart(_ names: [String]) {
        let names = Set(names)
        for connection in store.connections where names.contains(connection.name) {
            for child in connection.children where child.startAction.isInitiated {
                begin(connection, .only(child.name), commands.nextID())
            }
        }
    }

    private func terminate(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let references = summaries(message).flatMap { message.references($0) }
        guard !references.isEmpty else {
            var answer = VICIMessage.failure("no SA matches")
            answer.append("matches", "0")
            answer.append("terminated", "0")
            control.reply(client, answer)
            return
        }
        let id = commands.nextID()
        commands.wait(id, message.waiting(client, .terminate(matches: references.count), now: now))
        feed(.command(.terminate(references), id))
    }

    private func rekey(_ message: VICIMessage, _ client: ControlServer.ClientID) {
        let references = summaries(message).flatMap { message.references($0) }
        feed(.command(message.flag("reauth") ? .reauthenticate(references) : .rekey(references), commands.nextID()))
        control.reply(client, ["success": .flag(!references.isEmpty), "matches": .number(references.count)])
    }

    /// Answers the client that waits for a command, if one does.
    func answer(_ id: CommandID, _ outcome: CommandOutcome) {
        if commands.shutdown == id {
            loop.stop()
            return
        }
        concludeAcquire(id, outcome)
        guard let waiting = commands.take(id) else { return }
        var message: VICIMessage
        let done: Int
        switch outcome {
        case .done(let count): (message, done) = (.success, count)
        case .failed(let failure): (message, done) = (.failure(failure.message), 0)
        }
        if case .terminate(let matches) = waiting.kind {
            message.append("matches", .number(matches))
            message.append("terminated", .number(done))
        }
        control.reply(waiting.client, message)
    }

    // MARK: - Configuration

    private func loadConnection(_ message: VICIMessage) -> VICIMessage {
        var loaded: [String] = []
        for (name, section) in message.sections {
            do {
                try store.load(try ConnectionConfiguration(name: name, section: Section(name: name, section)))
                loaded.append(name)
            } catch let error as ConfigurationError {
                return .failure(error.summary)
            } catch {
                return .failure("\(error)")
            }
        }
        guard !loaded.isEmpty else { return .failure("load-conn brings no connection") }
        policyChanged("loaded connection \(loaded.joined(separator: ", "))")
        renewTraps(loaded)
        initiateAtStart(loaded)
        return .success
    }

    private func unloadConnection(_ message: VICIMessage) -> VICIMessage {
        guard let name = message["name"], store.unload(connection: name) else {
            return .failure("there is no connection '\(message["name"] ?? "")'")
        }
        policyChanged("unloaded connection \(name)")
        renewTraps([])
        return .success
    }

    private func loadShared(_ message: VICIMessage) -> VICIMessage {
        guard let kind = SecretConfiguration.Kind(rawValue: (message["type"] ?? "").lowercased()) else {
            return .failure("secrets of type '\(message["type"] ?? "")' are not supported yet, only IKE and EAP")
        }
        do {
            store.load(
                try SecretConfiguration(
                    name: message["id"] ?? "(no id)",
                    kind: kind,
                    owners: message.list("owners") ?? [],
                    data: message.bytes("data") ?? []
                )
            )
        } catch {
            return .failure(error.summary)
        }
        policyChanged("loaded secret \(message["id"] ?? "(no id)")")
        return .success
    }

    private func unloadShared(_ message: VICIMessage) -> VICIMessage {
        guard let name = message["id"], store.unload(secret: name) else {
            return .failure("there is no secret '\(message["id"] ?? "")' from the control socket")
        }
        policyChanged("unloaded secret \(name)")
        return .success
    }

    func policyChanged(_ what: String) {
        log(.info, what, .cfg)
        let names = store.connectionNames
        history.forget(except: names)
        counters.forget(except: names)
        feed(.policy(store.policy))
        revocation.keep(own: store.certificatesWithStatus)
    }
}

// MARK: - Requests and answers

extension VICIMessage {
    static let success: VICIMessage = ["success": "yes"]

    static func failure(_ reason: String) -> VICIMessage { ["success": "no", "errmsg": .text(reason)] }

    /// Whether the filters `child` and `child-id` let this CHILD SA through.
    fileprivate func admits(_ childSA: ChildSA) -> Bool {
        (self["child"].map { $0 == childSA.name } ?? true)
            && (number("child-id", as: UInt32.self).map { $0 == childSA.id } ?? true)
    }

    /// What a command means in this IKE SA: CHILD SAs if a filter names them, else the IKE SA. Without any filter nothing.
    fileprivate func references(_ sa: IKESASummary) -> [SAReference] {
        if self["child"] != nil || self["child-id"] != nil {
            return sa.children.filter { admits($0.childSA) && $0.state != "REKEYED" }.map {
                .childSA(id: $0.childSA.id)
            }
        }
        return self["ike"] != nil || self["ike-id"] != nil ? [.ikeSA(id: sa.id)] : []
    }

    func waiting(
        _ client: ControlServer.ClientID,
        _ kind: CommandTable.Waiting.Kind,
        now: Instant
    ) -> CommandTable.Waiting {
        let timeout = number("timeout", as: Int64.self) ?? 0
        return CommandTable.Waiting(
            client: client,
            kind: kind,
            logLevel: number("loglevel") ?? 1,
            deadline: timeout > 0 ? now + .milliseconds(timeout) : nil
        )
    }
}
