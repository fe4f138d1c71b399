import COpenSSL

extension X509Certificate {
    /// The certificate in PEM.
    package func pem() throws(CryptoError) -> [UInt8] { try pemText("CERTIFICATE", der) }
}

extension RevocationList {
    /// The list in PEM.
    package func pem() throws(CryptoError) -> [UInt8] { try pemText("X509 CRL", der) }
}

private func pemText(_ label: String, _ der: [UInt8]) throws(CryptoError) -> [UInt8] {
    let output = try MemoryOutput()
    guard PEM_write_bio(output.pointer, label, "", der, der.count) > 0 else { throw .library("PEM_write_bio") }
    return try output.octets()
}
