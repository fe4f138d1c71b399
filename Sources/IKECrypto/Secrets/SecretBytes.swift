import COpenSSL

/// Octets that must not outlive their use: keys, shared secrets, passwords.
///
/// A value shares its storage with its copies; when the last of them goes, the storage is wiped before it is freed.
/// The content never appears in a description, a dump or a debugger's summary, and comparing takes the same
/// time wherever the difference is.
package struct SecretBytes: Sendable {
    private let storage: Storage

    private init(storage: Storage) { self.storage = storage }

    /// Copies the octets of a collection. The caller wipes or drops the original.
    package init(copying octets: some Collection<UInt8>) {
        let storage = Storage(count: octets.count)
        storage.octets.copyBytes(from: octets)
        self.init(storage: storage)
    }

    /// Makes `count` zero octets and lets `initializing` fill them in place, so that no other copy exists.
    package init<E: Error>(
        count: Int,
        initializing: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let storage = Storage(count: count)
        try initializing(storage.octets)
        self.init(storage: storage)
    }

    /// No octets at all: the integrity key beside an AEAD cipher, for one.
    package static let empty = SecretBytes(storage: Storage(count: 0))

    /// Octets that are all zero: the padding of a key.
    static func zeros(_ count: Int) -> SecretBytes { SecretBytes(storage: Storage(count: count)) }

    /// The number of octets.
    package var count: Int { storage.octets.count }
    package var isEmpty: Bool { storage.octets.isEmpty }

    /// Lends the octets for the time of `body`. The base address is never `nil`, not even for no octets.
    package func withUnsafeBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        // The storage must not go, and be wiped, while its memory is lent.
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(storage.octets))
    }

    /// A copy of some of the octets, or `nil` where the range is not within them.
    package func slice(_ range: Range<Int>) -> SecretBytes? {
        guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
        guard !range.isEmpty else { return .empty }
        return withUnsafeBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// The octets of the parts, one after the other.
    package static func concatenation(_ parts: SecretBytes...) -> SecretBytes {
        SecretBytes(count: parts.reduce(0) { $0 + $1.count }) { target in
            var offset = 0
            for part in parts {
                part.withUnsafeBytes { octets in
                    UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: octets)
                }
                offset += part.count
            }
        }
    }
}

// MARK: - Storage

extension SecretBytes {
    /// Memory that is written before it is shared, never again after, and wiped when the last owner lets go.
    private final class Storage: Sendable {
        private let memory: WipedMemory

        init(count: Int) { memory = WipedMemory(count: count) }

        var octets: UnsafeMutableRawBufferPointer { memory.raw }
    }
}

// MARK: - Comparing

extension SecretBytes: Equatable {
    package static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { right in constantTimeEqual(left, right) } }
    }
}

/// Whether both hold the same octets, in a time that depends on the lengths alone.
func constantTimeEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
}

// MARK: - Nothing to see

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<\(count) secret bytes>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
