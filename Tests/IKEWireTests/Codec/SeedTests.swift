import IKEWire
import Support
import Testing

/// Real messages: what is accepted must encode to the received octets, and the broken ones are refused for what is broken.
@Suite struct SeedTests {
    @Test(arguments: try Seed.all())
    func aRecordedMessageEncodesToItselfOrIsRefusedForItsKnownError(seed: Seed) throws {
        let result = Result { () throws(WireError) in try Message(parsing: seed.octets) }
        switch result {
        case .success(let message):
            #expect(Seed.refused[seed.path] == nil)
            #expect(try message.encoded() == seed.octets)
        case .failure(let error):
            #expect(error.field == Seed.refused[seed.path])
            #expect((0..<seed.octets.count).contains(error.offset) || error.offset == seed.octets.count)
        }
    }

    @Test func everyKnownErrorIsOfAnExistingFile() throws {
        let paths = try Seed.all().map(\.path)
        #expect(Set(Seed.refused.keys).subtracting(paths).isEmpty)
        #expect(paths.count > 80)
    }
}

/// A file of `Tests/Vectors/ike-seeds`.
struct Seed: Sendable, CustomTestStringConvertible {
    /// Within `ike-seeds`.
    let path: String
    let octets: [UInt8]

    var testDescription: String { path }

    static func all() throws -> [Seed] {
        let folders = try Vectors.files(in: "ike-seeds")
        let paths = try folders.flatMap { try Vectors.files(in: $0) }
        return try paths.filter { $0.hasSuffix(".bin") }.map {
            Seed(path: String($0.dropFirst("ike-seeds/".count)), octets: Array(try Vectors.data($0)))
        }
    }

    /// The files that are not valid messages of IKEv2, and the field that says so; the README of the vectors explains them.
    static let refused: [String: WireError.Field] = [
        "openiked/cert-pld.bin": .message,
        "openiked/delete-pld.bin": .spiSize,
        "openiked/eap-pld.bin": .eapLength,
        "openiked/notify-pld.bin": .message,
        "openiked/sa-pld.bin": .transformCount,
        "tcpdump/ikev2-id-normal-00-x35.bin": .identificationData,
        "tcpdump/ikev2-id-short-00-x35.bin": .reserved,
        "tcpdump/ikev2pI2-segfault-00-x34.bin": .lastSubstructure,
        "tcpdump/isakmp-identification-segfault-00-x2.bin": .version,
        "tcpdump/isakmp-no-none-np-00-x5.bin": .version,
        "tcpdump/isakmp-pointer-loop-00-x1.bin": .version,
        "tcpdump/isakmp-various-oobr-00-x16.bin": .version,
        "tcpdump/isakmp4500-02-x2.bin": .version,
        "tcpdump/isakmp4500-03-x2.bin": .version,
        "tcpdump/isakmp4500-04-x2.bin": .version,
        "tcpdump/isakmp4500-05-x2.bin": .version,
    ]
}
