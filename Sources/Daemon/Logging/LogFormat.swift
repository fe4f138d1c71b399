import Glibc
import IKECore
import IKEWire
import Inet

/// How a log record is written.
enum LogFormat {
    /// For people: time, level, connection and SA, peer, message.
    case text
    /// For programs: an object a line.
    case json

    /// One line, with its end.
    func line(_ record: LogRecord, at time: String) -> String {
        switch self {
        case .text: Self.text(record, at: time)
        case .json: Self.json(record, at: time)
        }
    }

    private static func text(_ record: LogRecord, at time: String) -> String {
        var line = "\(time) \(record.level.label) "
        if let connection = record.connection {
            line += record.ikeSA.map { "\(connection){\($0)} " } ?? "\(connection) "
        } else if let id = record.ikeSA {
            line += "{\(id)} "
        }
        if let peer = record.peer { line += "\(peer) " }
        return line + record.message.singleLine + "\n"
    }

    /// Absent is what is not known.
    private static func json(_ record: LogRecord, at time: String) -> String {
        var members = [
            ("time", quoted(time)), ("level", quoted(record.level.word)),
            ("subsystem", quoted(record.subsystem.rawValue)),
        ]
        if let connection = record.connection { members.append(("connection", quoted(connection))) }
        if let id = record.ikeSA { members.append(("ike_sa", String(id))) }
        if let peer = record.peer { members.append(("peer", quoted(peer.description))) }
        members.append(("message", quoted(record.message)))
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}\n"
    }

    private static func quoted(_ text: String) -> String {
        var quoted: [UInt8] = []
        JSONString.write(text, to: &quoted)
        return String(decoding: quoted, as: UTF8.self)
    }
}

extension LogRecord {
    /// The fields of a journal entry (systemd's native protocol): lines of `KEY=value`, none of which has a line end inside.
    var journalEntry: String {
        var fields = [
            ("MESSAGE", message.singleLine), ("PRIORITY", String(level.priority)), ("SYSLOG_IDENTIFIER", "iked"),
            ("IKED_SUBSYSTEM", subsystem.rawValue),
        ]
        if let connection { fields.append(("IKED_CONNECTION", connection.singleLine)) }
        if let ikeSA { fields.append(("IKED_IKE_SA", String(ikeSA))) }
        if let peer { fields.append(("IKED_PEER", peer.description)) }
        return fields.map { "\($0)=\($1)\n" }.joined()
    }
}
