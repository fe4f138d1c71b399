import Glibc
import IKECore
import LinuxNet
import Synchronization

/// Keeps leases from one run of the daemon to the next.
///
/// A handshake writes nothing: some seconds after a change all leases are written at once, by a thread, since the disk may
/// take its time; and when the daemon ends.
final class LeaseStore {
    /// How long changes wait for others.
    static let interval: Duration = .seconds(5)
    /// When to look whether the thread is done.
    private static let patience: Duration = .seconds(1)

    /// A thread that writes, and how it went.
    private final class Writing: Sendable {
        private let outcome = Mutex<Result<Void, Errno>?>(nil)

        var result: Result<Void, Errno>? { outcome.withLock { $0 } }

        func write(_ leases: [Lease], in directory: String) {
            let result = LeaseStore.result(of: leases, in: directory)
            outcome.withLock { $0 = result }
        }
    }

    private let directory: String
    private var seenChanges: UInt64 = 0
    private var changesWritten: UInt64 = 0
    private var writing: (thread: NativeThread, state: Writing)?
    private var hasFailed = false
    /// When `timePassed` is to be called; nil: everything is written.
    private(set) var deadline: Instant?

    init(directory: String) { self.directory = directory }

    /// The leases of the run before; a file that cannot be read is put aside.
    ///
    /// - Returns: what is wrong with the file, for the log.
    func load() -> (leases: [Lease], failure: String?) {
        do throws(Errno) {
            guard let content = try StateFile.read(LeaseFile.name, in: directory, limit: LeaseFile.limit) else {
                return ([], nil)
            }
            do throws(LeaseFile.Malformation) {
                return (try LeaseFile.leases(in: content), nil)
            } catch {
                let path = "\(directory)/\(LeaseFile.name)"
                let aside = path + ".rejected"
                let isAside = rename(path, aside) == 0
                return (
                    [],
                    "\(path), \(error): no address is kept for whom had one"
                        + (isAside ? "; the file is now \(aside)" : "")
                )
            }
        } catch {
            return ([], "no address is kept for whom had one: \(error)")
        }
    }

    /// - Parameter changes: the engine's count of them.
    func noteChanges(_ changes: UInt64, _ now: Instant) {
        guard changes != seenChanges else { return }
        seenChanges = changes
        if deadline == nil { deadline = now + Self.interval }
    }

    /// Writes when it is time to.
    ///
    /// - Returns: what went wrong, for the log.
    func timePassed(_ now: Instant, leases: () -> [Lease]) -> String? {
        guard let at = deadline, at <= now else { return nil }
        if let writing {
            guard let result = writing.state.result else {
                deadline = now + Self.patience
                return nil
            }
            writing.thread.join()
            self.writing = nil
            // What has changed meanwhile has waited as long as it must.
            deadline = changesWritten == seenChanges ? nil : now
            return failure(result)
        }
        let state = Writing()
        let snapshot = leases()
        let directory = self.directory
        changesWritten = seenChanges
        deadline = now + Self.patience
        do throws(Errno) {
            writing = (try NativeThread(name: "iked-leases") { state.write(snapshot, in: directory) }, state)
            return nil
        } catch {
            changesWritten = 0
            deadline = now + Self.interval
            return failure(.failure(error))
        }
    }

    /// The daemon ends: writes what is not written yet.
    ///
    /// - Returns: what went wrong, for the log.
    func finish(_ leases: () -> [Lease]) -> String? {
        if let writing {
            writing.thread.join()
            self.writing = nil
        }
        deadline = nil
        guard seenChanges != 0 else { return nil }
        return failure(Self.result(of: leases(), in: directory))
    }

    private static func result(of leases: [Lease], in directory: String) -> Result<Void, Errno> {
        do throws(Errno) {
            try StateFile.prepare(directory)
            let octets = Array(LeaseFile.text(of: leases).utf8)
            try octets.withUnsafeBufferPointer { (buffer) throws(Errno) in
                try StateFile.replace(LeaseFile.name, in: directory, with: UnsafeRawBufferPointer(buffer))
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// A disk that stays full is told of once.
    private func failure(_ result: Result<Void, Errno>) -> String? {
        guard case .failure(let error) = result else {
            hasFailed = false
            return nil
        }
        defer { hasFailed = true }
        return hasFailed ? nil : "leases would not outlive the daemon: \(error)"
    }
}
