import COpenSSL

/// What stands between `-----BEGIN label-----` and `-----END label-----` (RFC 7468).
struct PEMBlock {
    let label: String
    /// The lines in front of the contents, by which OpenSSL's old form of encryption names its cipher (RFC 1421).
    let header: String
    /// Wiped after use whatever the label says: it may be a private key.
    let contents: SecretBytes

    /// All blocks of a file, text around them skipped; none if it is no PEM file. Throws `malformed` for a block that
    /// has no end or is no base64.
    static func blocks(of file: UnsafeRawBufferPointer) throws(CryptoError) -> [PEMBlock] {
        let input = try LibraryObject(
            BIO_new_mem_buf(file.baseAddress, int32(file.count, "file")),
            freedBy: BIO_free_all,
            "BIO_new_mem_buf"
        )
        var blocks: [PEMBlock] = []
        while let block = try next(from: input.pointer) {
            blocks.append(block)
        }
        return blocks
    }

    private static func next(from input: OpaquePointer) throws(CryptoError) -> PEMBlock? {
        var label: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var contents: UnsafeMutablePointer<UInt8>?
        var length = 0
        let flags = UInt32(PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE)
        guard PEM_read_bio_ex(input, &label, &header, &contents, &length, flags) == 1 else {
            let reason = ERR_GET_REASON(ERR_peek_last_error())
            ERR_clear_error()
            guard reason == PEM_R_NO_START_LINE else { throw .malformed("PEM file") }
            return nil
        }
        defer {
            CRYPTO_secure_free(label, nil, 0)
            CRYPTO_secure_free(header, nil, 0)
            CRYPTO_secure_clear_free(contents, max(0, length), nil, 0)
        }
        guard let label, let header, let contents, length > 0 else { throw .malformed("PEM file") }
        return PEMBlock(
            label: String(cString: label),
            header: String(cString: header),
            contents: SecretBytes(copying: UnsafeBufferPointer(start: contents, count: length))
        )
    }
}

extension PEMBlock {
    /// The DER of what a file holds: of each block with one of the labels, or the file itself if it is no PEM file.
    /// Throws `malformed`, which names `what`, for a PEM file without such a block.
    static func contents(
        of file: [UInt8],
        labelled labels: Set<String>,
        _ what: StaticString
    ) throws(CryptoError) -> [[UInt8]] {
        let blocks = try file.span.withUnsafeBytes { (octets) throws(CryptoError) -> [PEMBlock] in
            try self.blocks(of: octets)
        }
        guard !blocks.isEmpty else { return [file] }
        let matching = blocks.filter { labels.contains($0.label) }
        guard !matching.isEmpty else { throw .malformed("\(what)") }
        return matching.map { block in block.contents.withUnsafeBytes { Array($0) } }
    }
}
