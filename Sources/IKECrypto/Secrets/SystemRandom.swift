import COpenSSL

/// libcrypto's random generator, seeded by the kernel and kept apart for each thread.
///
/// The process stops when it fails: no key or nonce can be made then, and carrying on with predictable ones would
/// give the peers' traffic away without anyone noticing.
package final class SystemRandom: RandomSource, Sendable {
    package init() {}

    package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(Self.largestRequest))
            guard RAND_bytes(part.bindMemory(to: UInt8.self).baseAddress, Int32(part.count)) == 1 else {
                // On purpose, see above. No peer and no file has a say in it: the generator fails for want of the kernel's
                // random octets or of memory alone, since each request is within its limit.
                fatalError("libcrypto's random generator failed (error \(String(ERR_peek_last_error(), radix: 16)))")
            }
            rest = rest.dropFirst(part.count)
        }
    }

    /// libcrypto's generators refuse more than 2^16 octets in one request.
    private static let largestRequest = 1 << 16
}
