import IKECore
import IKECrypto
import IKEWire
import Inet

/// Leases as text, one on a line behind a first line that says what it is, with tabs between the fields:
///
///     iked leases 1
///     POOL  ADDRESS  online|offline  SECONDS-SINCE-1970  IDENTITY
///
/// Identities are written as in a configuration. The order is the engine's: who has been gone longest comes first.
enum LeaseFile {
    static let name = "leases"
    /// Octets; some 400,000 leases. A longer one is none of ours.
    static let limit = 32 << 20
    private static let title = "iked leases 1"

    /// A line that is not what it should be.
    struct Malformation: Error, Equatable, CustomStringConvertible {
        /// Counted from 1.
        let line: Int
        let reason: String

        var description: String { "line \(line): \(reason)" }
    }

    /// Leases that a line cannot hold are left out, such as those of identities without a spelling, and so are those beyond
    /// what a file may hold.
    static func text(of leases: [Lease]) -> String {
        var text = title + "\n"
        for lease in leases {
            let identity = lease.identity.description
            guard isField(lease.pool), Identification(identity) == lease.identity else { continue }
            let state = lease.isOnline ? "online" : "offline"
            let line = "\(lease.pool)\t\(lease.address)\t\(state)\t\(lease.since.seconds)\t\(identity)\n"
            guard text.utf8.count + line.utf8.count <= limit else { break }
            text += line
        }
        return text
    }

    static func leases(in content: [UInt8]) throws(Malformation) -> [Lease] {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw Malformation(line: 1, reason: "the file is not text (UTF-8)")
        }
        // Every line ends, so that the last one says that nothing is missing.
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "" else {
            throw Malformation(line: lines.count + 1, reason: "the line does not end")
        }
        guard lines.first == title[...] else { throw Malformation(line: 1, reason: "`\(title)` must stand here") }
        var leases: [Lease] = []
        for (index, line) in lines.enumerated().dropFirst() {
            leases.append(try lease(line, number: index + 1))
        }
        return leases
    }

    private static func lease(_ line: Substring, number: Int) throws(Malformation) -> Lease {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 5 else {
            throw Malformation(line: number, reason: "\(fields.count) fields, not 5")
        }
        func field<Value>(_ index: Int, _ what: String, _ value: Value?) throws(Malformation) -> Value {
            guard let value else { throw Malformation(line: number, reason: "`\(fields[index])` is no \(what)") }
            return value
        }
        let states = ["online": true, "offline": false]
        return Lease(
            pool: try field(0, "name of a pool", isField(fields[0]) ? fields[0] : nil),
            address: try field(1, "address", IPAddress(fields[1])),
            identity: try field(4, "identity", Identification(fields[4])),
            isOnline: try field(2, "state, `online` or `offline`", states[fields[2]]),
            since: UnixTime(seconds: try field(3, "number of seconds", Int64(fields[3])))
        )
    }

    private static func isField(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy(\.isPrintable)
    }
}
