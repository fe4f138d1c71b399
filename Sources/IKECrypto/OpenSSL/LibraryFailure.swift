import COpenSSL

extension CryptoError {
    /// The failure of a libcrypto call, with the newest code of the thread's error queue.
    ///
    /// The queue is emptied, so that an error is never told for a later call that failed without one.
    static func library(_ operation: StaticString) -> CryptoError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return .library(operation: "\(operation)", code: UInt(code))
    }
}

/// Turns libcrypto's "1 is success, 0 and below are failures" into a thrown error that names the operation.
@inline(__always)
func check(_ result: Int32, _ operation: @autoclosure () -> StaticString) throws(CryptoError) {
    guard result > 0 else { throw .library(operation()) }
}

/// The length as libcrypto's `int`, which is how EVP counts octets.
@inline(__always)
func int32(_ count: Int, _ field: @autoclosure () -> StaticString) throws(CryptoError) -> Int32 {
    guard let length = Int32(exactly: count), length >= 0 else {
        throw .invalidLength(field: "\(field())", octets: count)
    }
    return length
}
