/// The number by which the control plane names one CHILD SA here, both directions of it.
///
/// SPIs would not do: each peer chooses those that we send with, so two peers may choose the same one.
package struct ChildID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package var description: String { "#\(rawValue)" }
}
