import COpenSSL

/// A function of libcrypto's that decodes DER, such as `d2i_X509`.
typealias LibraryDecoder = (
    UnsafeMutablePointer<OpaquePointer?>?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, Int
) -> OpaquePointer?

/// A function of libcrypto's that encodes as DER, such as `i2d_X509`.
typealias LibraryEncoder = (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32

extension LibraryObject {
    /// Decodes DER that holds one object and nothing behind it. Throws `malformed`, which names `what`, for anything else.
    init(
        decoding der: [UInt8],
        as what: StaticString,
        by decode: LibraryDecoder,
        freedBy free: @escaping @convention(c) (OpaquePointer?) -> Void
    ) throws(CryptoError) {
        let (object, isWhole) = der.withUnsafeBufferPointer { octets -> (OpaquePointer?, Bool) in
            guard let first = octets.baseAddress, !octets.isEmpty else { return (nil, false) }
            var position: UnsafePointer<UInt8>? = first
            let object = decode(nil, &position, octets.count)
            return (object, position == first + octets.count)
        }
        ERR_clear_error()
        guard let object else { throw .malformed("\(what)") }
        guard isWhole else {
            free(object)
            throw .malformed("\(what)")
        }
        try self.init(object, freedBy: free, "decoding")
    }
}

/// The DER of an object, which stays its owner's.
func encoded(
    _ object: OpaquePointer?,
    by encode: LibraryEncoder,
    _ operation: StaticString
) throws(CryptoError) -> [UInt8] {
    let length = encode(object, nil)
    try check(length, operation)
    var der = [UInt8](repeating: 0, count: Int(length))
    let written = der.withUnsafeMutableBufferPointer { octets in
        var position = octets.baseAddress
        return encode(object, &position)
    }
    guard written == length else { throw .library(operation) }
    return der
}

/// The content of a string, number or time of ASN.1.
func octets(of string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string, let first = ASN1_STRING_get0_data(string) else { return [] }
    return Array(UnsafeBufferPointer(start: first, count: Int(max(0, ASN1_STRING_length(string)))))
}

/// The digits and dots of an object identifier.
func dottedText(of identifier: OpaquePointer?) -> String {
    // The longest identifier in use has some 40 characters; a longer one is cut, and so equals none that is looked for.
    var text = [CChar](repeating: 0, count: 128)
    guard let identifier, OBJ_obj2txt(&text, Int32(text.count), identifier, 1) > 0 else { return "" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The elements of a STACK_OF, lent for as long as the stack lives.
func elements(of stack: OpaquePointer?) -> [UnsafeMutableRawPointer] {
    guard let stack else { return [] }
    return (0..<max(0, OPENSSL_sk_num(stack))).compactMap { OPENSSL_sk_value(stack, $0) }
}
