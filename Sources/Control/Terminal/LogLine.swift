import VICI

/// A line of the daemon's log, as the events `log` and `control-log` carry it.
struct LogLine {
    private let message: VICIMessage

    init(_ message: VICIMessage) {
        self.message = message
    }

    /// 0 for what an operator must see, 1 for what happens, higher for how.
    var level: Int { message.number("level") ?? 1 }

    /// Whether it is about a connection.
    func isAbout(connection: String) -> Bool { message["ikesa-name"] == connection }

    /// Whether it is about a peer at an address.
    func isAbout(peer address: String) -> Bool { message["remote-host"] == address }

    /// An object for programs. What is not known is null.
    func json(at time: String) -> JSON {
        .object([
            ("time", .string(time)), ("subsystem", .text(message["group"]?.lowercased())), ("level", .integer(level)),
            ("connection", .text(message["ikesa-name"])),
            ("ike_sa", .integer(message.number("ikesa-uniqueid", as: UInt32.self))),
            ("peer", .text(IKESAStatus.End(message, .remote).address)),
            ("message", .text(message["msg"])), ("lost", .integer(message.number("lost", as: UInt64.self))),
        ])
    }

    /// `IKE site-b#3 the message`, with a first line that tells how many were lost before.
    func rendered(_ palette: Palette) -> String {
        var text = ""
        if let lost = message.number("lost", as: UInt64.self) {
            text = palette.paint("\(Quantities.count(lost)) lines are missing here", .warning) + "\n"
        }
        let group = Columns.printable(message["group"] ?? "")
        text += palette.paint(group + String(repeating: " ", count: max(3 - group.count, 0)), .quiet)
        if let name = message["ikesa-name"] {
            text +=
                " "
                + palette.paint(Columns.printable(name) + (message["ikesa-uniqueid"].map { "#\($0)" } ?? ""), .strong)
        }
        let words = Console.printableLines(message["msg"] ?? "")
        return text + " " + (level <= 0 ? palette.paint(words, .warning) : words)
    }
}
