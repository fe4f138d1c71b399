// The packet cipher for messages that are arrays anyway: those of IKE. Packets of ESP use pointers.

extension PacketCipher {
    /// Seals a message and returns `ciphertext | ICV`, as it stands behind the IV (RFC 7296 section 3.14).
    ///
    /// Throws `invalidLength` for an IV that is not `suite.ivLength` octets long or a plaintext that is not a multiple
    /// of `suite.blockLength`.
    package func seal(iv: [UInt8], aad: [UInt8], plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard iv.count == suite.ivLength else { throw .invalidLength(field: "IV", octets: iv.count) }
        var sealed = plaintext
        sealed.append(contentsOf: repeatElement(0, count: suite.icvLength))
        try sealed.withUnsafeMutableBufferPointer { (sealed) throws(CryptoError) in
            try iv.span.withUnsafeBytes { (iv) throws(CryptoError) in
                try aad.span.withUnsafeBytes { (aad) throws(CryptoError) in
                    guard let text = UnsafeMutableRawPointer(sealed.baseAddress), let iv = iv.baseAddress else {
                        return
                    }
                    try seal(
                        iv: iv,
                        aad: aad,
                        trailer: UnsafeRawBufferPointer(start: nil, count: 0),
                        input: text,
                        output: text,
                        count: plaintext.count,
                        icv: text + plaintext.count
                    )
                }
            }
        }
        return sealed
    }

    /// Opens a message from `ciphertext | ICV` and returns the plaintext.
    ///
    /// Throws `authenticationFailed`, or `invalidLength` for what is too short to hold an ICV, is no whole number of
    /// blocks (with a right ICV), or comes with an IV that is not `suite.ivLength` octets long.
    package func open(iv: [UInt8], aad: [UInt8], ciphertextAndICV: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard iv.count == suite.ivLength else { throw .invalidLength(field: "IV", octets: iv.count) }
        let (count, isShort) = ciphertextAndICV.count.subtractingReportingOverflow(suite.icvLength)
        guard !isShort, count >= 0 else {
            throw .invalidLength(field: "ciphertext with ICV", octets: ciphertextAndICV.count)
        }
        var opened = ciphertextAndICV
        try opened.withUnsafeMutableBufferPointer { (opened) throws(CryptoError) in
            try iv.span.withUnsafeBytes { (iv) throws(CryptoError) in
                try aad.span.withUnsafeBytes { (aad) throws(CryptoError) in
                    guard let text = UnsafeMutableRawPointer(opened.baseAddress), let iv = iv.baseAddress else {
                        return
                    }
                    try open(
                        iv: iv,
                        aad: aad,
                        trailer: UnsafeRawBufferPointer(start: nil, count: 0),
                        input: text,
                        output: text,
                        count: count,
                        icv: UnsafeRawPointer(text + count)
                    )
                }
            }
        }
        opened.removeLast(suite.icvLength)
        return opened
    }
}
