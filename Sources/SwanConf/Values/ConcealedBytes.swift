/// Octets of a secret on their way from a configuration to where they are kept for good.
///
/// They do not show in descriptions, dumps and interpolations; ``bytes`` is the only way to them.
package struct ConcealedBytes: Hashable, Sendable {
    /// The octets, for where they are kept.
    package let bytes: [UInt8]

    /// Conceals octets.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension ConcealedBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<\(bytes.count) secret octets>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
