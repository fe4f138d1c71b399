import IKECrypto
import Testing

@Suite struct UnixTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (951_868_800, "2000-03-01T00:00:00Z"),
            (1_893_456_000, "2030-01-01T00:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"), (-62_167_219_201, "-0001-12-31T23:59:59Z"),
        ] as [(Int64, String)]
    )
    func timesReadAsISO8601(_ seconds: Int64, _ text: String) {
        #expect("\(UnixTime(seconds: seconds))" == text)
    }

    @Test func theFarthestTimesDoNotTrap() {
        #expect("\(UnixTime(seconds: .max))".hasSuffix("Z"))
        #expect("\(UnixTime(seconds: .min))".hasSuffix("Z"))
        #expect(UnixTime(seconds: .min) < UnixTime(seconds: .max))
    }
}
