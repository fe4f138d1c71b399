import IKECrypto
import IKEWire

/// What an authority has issued, kept as a text file: a line for each certificate with its serial number, its end, when it was
/// revoked or "-", and its subject, separated by tabs. Times are seconds since 1970.
struct PKIIndex {
    struct Entry: Equatable {
        let serialNumber: [UInt8]
        let notAfter: UnixTime
        var revoked: UnixTime?
        /// Printable: control characters are escaped.
        let subject: String
    }

    private(set) var entries: [Entry] = []

    init() {}

    init(path: String) throws(Failure) {
        let text = String(decoding: try PKIFile.read(path), as: UTF8.self)
        for (number, line) in text.split(separator: "\n").enumerated() {
            guard let entry = Entry(line) else { throw .failed("\(path):\(number + 1): the line cannot be read") }
            entries.append(entry)
        }
    }

    func write(to path: String) throws(Failure) {
        try PKIFile.write(Array(entries.map { $0.line + "\n" }.joined().utf8), to: path)
    }

    mutating func add(_ certificate: X509Certificate) {
        entries.append(
            Entry(
                serialNumber: certificate.serialNumber,
                notAfter: certificate.notAfter,
                revoked: nil,
                subject: certificate.subjectText
            )
        )
    }

    /// Notes that a certificate is revoked, once; false if it was before, or is none of these.
    mutating func revoke(_ serialNumber: [UInt8], at time: UnixTime) -> Bool {
        guard let index = entries.firstIndex(where: { $0.serialNumber == serialNumber && $0.revoked == nil }) else {
            return false
        }
        entries[index].revoked = time
        return true
    }

    func contains(_ certificate: X509Certificate) -> Bool {
        entries.contains { $0.serialNumber == certificate.serialNumber }
    }

    /// What belongs on a revocation list.
    var revoked: [RevocationListBuilder.Entry] {
        entries.compactMap { entry in
            entry.revoked.map { .init(serialNumber: entry.serialNumber, time: $0) }
        }
    }
}

extension PKIIndex.Entry {
    fileprivate init?(_ line: Substring) {
        let fields = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4, let serialNumber = octets(fromHexadecimal: fields[0]), let end = Int64(fields[1])
        else {
            return nil
        }
        let revoked = Int64(fields[2])
        guard revoked != nil || fields[2] == "-" else { return nil }
        self.init(
            serialNumber: serialNumber,
            notAfter: UnixTime(seconds: end),
            revoked: revoked.map { UnixTime(seconds: $0) },
            subject: String(fields[3])
        )
    }

    fileprivate var line: String {
        [hexadecimal(serialNumber), "\(notAfter.seconds)", revoked.map { "\($0.seconds)" } ?? "-", subject]
            .joined(separator: "\t")
    }
}
