import IKECore
import SwanConf
import VICI

// Reading the configuration file again: SIGHUP, and the commands `reload` and `reload-settings`.
//
// What has not changed is left alone, a broken file changes nothing, and the SAs of what has changed follow
// (`IKECore/SA/Following`). Here stands which connections those are, and what people are told of it.

/// What came of reading the file again, for the person who asked for it.
struct ReloadReport {
    var changes = ConfigurationStore.Changes()
    var followUps: [FollowUp] = []
    /// Children that are being brought up because of it, by connection.
    var initiated: [String: [String]] = [:]
    /// What takes effect only when the daemon starts again.
    var notes: [String] = []

    /// The answer on the control socket.
    var message: VICIMessage {
        var message: VICIMessage = [
            "success": "yes",
            "loaded": .texts(changes.loaded),
            "unloaded": .texts(changes.gone),
            "unchanged": .texts(changes.unchanged),
        ]
        let sections =
            changes.new.map { section($0, "new", settings: []) }
            + changes.changed.map { section($0.name, "changed", settings: $0.settings.settings) }
            + changes.gone.map { section($0, "gone", settings: []) }
        message.append("connections", .section(VICIMessage(entries: sections)))
        message.append("notes", .texts(notes))
        return message
    }

    private func section(_ name: String, _ change: String, settings: [String]) -> VICIMessage.Entry {
        let deeds =
            followUps.filter { $0.connection == name }.flatMap(\.sentences)
            + (initiated[name] ?? []).map { "CHILD SA \($0) is brought up, if it is not" }
        return VICIMessage.Entry(
            name,
            ["change": .text(change), "settings": .texts(settings), "deeds": .texts(deeds)]
        )
    }

    /// A line for the log.
    var summary: String {
        let counts = [
            (changes.new.count, "new"), (changes.changed.count, "changed"), (changes.gone.count, "gone"),
            (changes.unchanged.count, "unchanged"),
        ]
        return "configuration read again: " + counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}

extension Daemon {
    /// Reads the configuration file again; a broken one changes nothing.
    func reload() -> VICIMessage {
        notifier.reloading(now: now)
        defer { notifier.ready(words, now: now) }
        do {
            let new = try Configuration.load(path: options.configurationPath)
            let isDaemonChanged = new.daemon != store.file.daemon
            var report = ReloadReport(changes: try store.replaceFile(new))
            for warning in new.warnings { log(.warning, warning.summary, .cfg) }
            for warning in store.warnings { log(.warning, warning, .cfg) }
            if isDaemonChanged {
                report.notes.append("changes in the section iked take effect when the daemon starts again")
            }
            report.notes += scriptsNotRun(new)
            for note in report.notes { log(.warning, note, .cfg) }
            policyChanged(report.summary)
            follow(&report)
            return report.message
        } catch {
            let summary = (error as? ConfigurationError)?.summary ?? "\(error)"
            log(.error, "configuration not read again, nothing changes: \(summary)", .cfg)
            return .failure("\(error)")
        }
    }

    /// Has the SAs become what the file says now, and brings up what is to be up.
    private func follow(_ report: inout ReloadReport) {
        let names = Set(report.changes.changed.map(\.name) + report.changes.gone)
        report.followUps = endpoint.followUps(of: names)
        feed(.command(.follow(names), commands.nextID()))
        renewTraps(report.changes.loaded)
        for connection in store.connections where report.changes.loaded.contains(connection.name) {
            let started = connection.children.filter(\.startAction.isInitiated).map(\.name)
            if !started.isEmpty { report.initiated[connection.name] = started }
        }
        initiateAtStart(report.changes.loaded)
    }

    /// The hook runner starts before this process gives its privileges up, and runs nothing that it was not told of then.
    private func scriptsNotRun(_ new: Configuration) -> [String] {
        new.hookCommands.filter { !permittedHooks.contains($0) }.map { command in
            "updown script \(command) is not run before iked is started again: which scripts may run is settled when it starts"
        }
    }
}
