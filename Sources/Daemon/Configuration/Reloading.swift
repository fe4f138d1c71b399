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
        let deeds = Dictionary(grouping: followUps, by: \.connection).mapValues { $0.flatMap(\.sentences) }
        func write(_ name: String, _ change: String, settings: [String], to sections: inout VICIMessage) {
            let begun = (initiated[name] ?? []).map { "CHILD SA \($0) is brought up, if it is not" }
            sections.append(name) { section in
                section.append("change", text: change)
                section.append("settings", texts: settings)
                section.append("deeds", texts: (deeds[name] ?? []) + begun)
            }
        }
        message.append("connections") { sections in
            for name in changes.new { write(name, "new", settings: [], to: &sections) }
            for (name, changes) in changes.changed { write(name, "changed", settings: changes.settings, to: &sections) }
            for name in changes.gone { write(name, "gone", settings: [], to: &sections) }
        }
        message.append("notes", .texts(notes))
        return message
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
        guard !names.isEmpty || !report.changes.new.isEmpty else { return }
        report.followUps = endpoint.followUps(of: names)
        feed(.command(.follow(names), commands.nextID()))
        renewTraps(report.changes.loaded)
        let loaded = Set(report.changes.loaded)
        for connection in store.connections where loaded.contains(connection.name) {
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
