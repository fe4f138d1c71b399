import Glibc

/// A system call that failed: what was being done, the kernel's reason, and what a person can change about it.
///
/// `description` is one line for logs and for `ikectl`, for example
/// "open /dev/net/tun: No such file or directory; load the tun module or pass the device into the container".
package struct Errno: Error, Equatable, Sendable {
    /// What was attempted, with its object: "bind UDP 0.0.0.0:500". A literal wherever no object is worth naming, so
    /// that throwing allocates nothing.
    package let operation: String
    /// The error number of errno(3).
    package let code: Int32
    /// What would make it succeed, or nil when the reason says all there is.
    package let advice: String?

    package init(_ operation: String, code: Int32, advice: String? = nil) {
        self.operation = operation
        self.code = code
        self.advice = advice
    }

    /// The failure that errno holds right now; to be read before anything else can overwrite it.
    static func last(_ operation: String, advice: String? = nil) -> Errno {
        Errno(operation, code: errno, advice: advice)
    }

    /// The same failure with an advice that only the caller knows.
    func advising(_ advice: String) -> Errno { Errno(operation, code: code, advice: advice) }
}

extension Errno: CustomStringConvertible {
    package var description: String {
        let reason = "\(operation): \(String(cString: strerror(code)))"
        return advice.map { "\(reason); \($0)" } ?? reason
    }
}

/// Runs a system call again for as long as a signal interrupts it.
@inline(__always)
func retrying<Result: SignedInteger & FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// Runs a system call, again for as long as a signal interrupts it, and throws what errno says if it fails.
@inline(__always)
@discardableResult
func checked<Result: SignedInteger & FixedWidthInteger>(
    _ operation: @autoclosure () -> String,
    _ call: () -> Result
) throws(Errno) -> Result {
    let result = retrying(call)
    if result == -1 {
        let code = errno
        throw Errno(operation(), code: code)
    }
    return result
}
