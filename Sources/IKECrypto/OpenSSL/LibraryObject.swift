/// An object of libcrypto's that is freed when its owner goes.
///
/// A handle of its own, because a type that frees in its `deinit` cannot give up halfway through its `init`.
struct LibraryObject: ~Copyable {
    let pointer: OpaquePointer
    private let free: @convention(c) (OpaquePointer?) -> Void

    /// Takes over what a libcrypto call made, or throws for `nil` with the call's name.
    init(
        _ pointer: OpaquePointer?,
        freedBy free: @escaping @convention(c) (OpaquePointer?) -> Void,
        _ operation: StaticString
    ) throws(CryptoError) {
        guard let pointer else { throw .library(operation) }
        self.pointer = pointer
        self.free = free
    }

    deinit {
        free(pointer)
    }
}
