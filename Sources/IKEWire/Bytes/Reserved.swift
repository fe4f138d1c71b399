/// Bits that RFC 7296 says to send as zero and to ignore on receipt.
///
/// They are kept as they came, so that encoding what was decoded yields the same octets (a signature may cover them), but
/// they mean nothing: two values that differ only here are equal.
package struct Reserved<Bits: FixedWidthInteger & Sendable>: Hashable, Sendable {
    /// The bits as they came, right-aligned in the number.
    package var bits: Bits
    package init(_ bits: Bits) { self.bits = bits }

    package static func == (left: Self, right: Self) -> Bool { true }
    package func hash(into hasher: inout Hasher) {}
}

extension Reserved: ExpressibleByIntegerLiteral where Bits.IntegerLiteralType == Bits {
    package init(integerLiteral value: Bits) { self.init(value) }
}
