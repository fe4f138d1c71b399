import Foundation
package import VICI

/// A daemon for tests: a real Unix socket in a temporary place, the real `VICISession` behind it, and answers that the
/// test writes. Each connection has a thread of its own; all end when the object goes away.
package final class ScriptedDaemon: Sendable {
    /// Answers one request: calls `reply` or `unknownCommand` on the session, after any events; or does nothing, to be late.
    package typealias Script = @Sendable (VICISession.Request, inout VICISession) -> Void

    /// Where it listens.
    package let path: String
    private let listener: Int32

    /// - Parameters:
    ///   - events: the events that clients may register for.
    ///   - afterEachRead: what to do when octets have arrived and were processed, for instance to send events to a
    ///     client that has just registered.
    package init(
        events: Set<String> = ["log", "control-log", "list-sa", "list-conn", "list-policy"],
        afterEachRead: @escaping @Sendable (inout VICISession) -> Void = { _ in },
        script: @escaping Script
    ) throws {
        path = Self.temporaryPath()
        listener = try Self.listen(at: path)
        let listener = listener
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                Thread.detachNewThread {
                    Self.serve(connection, VICISession(events: events), script, afterEachRead)
                }
            }
            close(listener)
        }
    }

    deinit {
        unlink(path)
        shutdown(listener, Int32(SHUT_RDWR))  // ends the wait of the thread that accepts, which closes it
    }

    /// A path in a temporary directory that nothing stands at.
    package static func temporaryPath() -> String {
        "\(NSTemporaryDirectory())/vici-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    }

    private static func listen(at path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw POSIXError(.ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, Foundation.listen(descriptor, 8) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        return descriptor
    }

    private static func serve(
        _ connection: Int32,
        _ session: consuming VICISession,
        _ script: Script,
        _ afterEachRead: @Sendable (inout VICISession) -> Void
    ) {
        defer { close(connection) }
        var session = session
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            do {
                if let request = try session.receive(buffer[..<count]) { script(request, &session) }
            } catch {
                return
            }
            afterEachRead(&session)
            while !session.output.isEmpty {
                let sent = session.output.withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return }
                session.didSend(sent)
            }
        }
    }
}
