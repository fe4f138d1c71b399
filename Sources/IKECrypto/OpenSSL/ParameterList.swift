import COpenSSL

/// OSSL_PARAMs as libcrypto takes them: in a row, closed by an end mark. What they refer to must outlive the list.
struct ParameterList: ~Copyable {
    let first: UnsafeMutablePointer<OSSL_PARAM>

    init(_ parameters: OSSL_PARAM...) {
        first = .allocate(capacity: parameters.count + 1)
        for (index, parameter) in parameters.enumerated() {
            (first + index).initialize(to: parameter)
        }
        (first + parameters.count).initialize(to: OSSL_PARAM_construct_end())
    }

    deinit {
        first.deallocate()
    }
}

extension StaticString {
    /// The text as C reads it. It lies in the program itself, so parameters may refer to it for good.
    var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
