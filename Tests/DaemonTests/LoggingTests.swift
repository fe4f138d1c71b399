import Foundation
import IKECore
import Inet
import LinuxNet
import SwanConf
import Testing
import VICI

@testable import Daemon

/// Which records are logged, and how.
@Suite struct LoggingTests {
    private var record: LogRecord {
        LogRecord(
            .warning,
            "two\nlines \"and\" more\u{1b}",
            connection: "office",
            ikeSA: 3,
            peer: SocketAddress(address: .anyV4, port: 500)
        )
    }

    @Test func textIsOneLineForPeople() {
        let line = LogFormat.text.line(record, at: "now")
        #expect(line == "now warning office{3} 0.0.0.0:500 two lines \"and\" more \n")
    }

    @Test func jsonIsAnObjectThatOthersRead() throws {
        let line = LogFormat.json.line(record, at: "now")
        #expect(line.hasSuffix("}\n") && line.count { $0 == "\n" } == 1)
        let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["message"] as? String == "two\nlines \"and\" more\u{1b}")
        #expect(object["level"] as? String == "warning" && object["subsystem"] as? String == "ike")
        #expect(object["ike_sa"] as? Int == 3 && object["peer"] as? String == "0.0.0.0:500")
        let short = LogFormat.json.line(LogRecord(.info, "x", subsystem: .cfg), at: "now")
        #expect(short == #"{"time":"now","level":"info","subsystem":"cfg","message":"x"}"# + "\n")
    }

    @Test func aJournalEntryHasFieldsWithoutLineEnds() {
        let entry = """
            MESSAGE=two lines "and" more\u{20}
            PRIORITY=4
            SYSLOG_IDENTIFIER=iked
            IKED_SUBSYSTEM=ike
            IKED_CONNECTION=office
            IKED_IKE_SA=3
            IKED_PEER=0.0.0.0:500

            """
        #expect(record.journalEntry == entry)
    }

    @Test func theJournalGetsItsEntriesAsDatagrams() throws {
        let path = "/tmp/daemon-\(getpid())-journal.sock"
        let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(receiver)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        let settings = try DaemonSettings(
            section: Section(name: "iked", settings: [Setting(key: "log_format", value: .text("journal"))])
        )
        Logger(settings, journal: path).write(record)
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(receiver, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        #expect(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == record.journalEntry)
    }

    @Test func levelsAreChangedForOneSubsystemOrForAll() {
        var levels = LogLevels(.info)
        let debug = LogRecord(.debug, "x")
        #expect(!levels.admits(debug))
        #expect(levels.change(by: ["ike": "debug", "net": "error"]) == nil)
        #expect(levels.admits(debug) && !levels.admits(LogRecord(.debug, "x", subsystem: .cfg)))
        #expect(!levels.admits(LogRecord(.warning, "x", subsystem: .net)))
        #expect(levels.message["ike"] == "debug" && levels.message["dmn"] == "info")
        #expect(levels.change(by: ["all": "warning"]) == nil)
        #expect(levels == LogLevels(.warning))
    }

    @Test func whatMeansNothingChangesNothing() {
        var levels = LogLevels(.info)
        #expect(levels.change(by: ["ike": "debug", "nothing": "debug"])?.contains("no subsystem 'nothing'") == true)
        #expect(levels.change(by: ["ike": "loud"])?.contains("no level") == true)
        #expect(levels.change(by: ["ike": ["debug"]]) != nil)
        #expect(levels == LogLevels(.info))
    }
}
