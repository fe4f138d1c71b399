import SwanConf
import Testing

/// Scalars are seen through the settings that take them.
@Suite struct ScalarTests {
    @Test(arguments: [
        ("90", 90), ("90s", 90), ("30m", 1800), ("4h", 14400), ("1d", 86400), ("4H", 14400), ("5 m", 300), ("0", 0),
        ("0s", 0), ("007", 7), ("4294967295", 4_294_967_295), ("49710d", 49710 * 86400),
    ])
    func timesCarryUnits(text: String, seconds: Int) throws {
        #expect(try readConnection("dpd_delay = \(text)").dpdDelay == .seconds(seconds))
    }

    @Test(arguments: [
        "", "s", "-1", "+1", "1.5", "1w", "1hh", "h1", "1 h m", "0x10", "4294967296", "49711d", "18446744073709551616",
        "9999999999999999999d", "١", "1\u{301}",
    ])
    func otherTimesAreRefused(text: String) throws {
        #expect(throws: ConfigurationError.self) { try readConnection("dpd_delay = \"\(text)\"") }
    }

    @Test(arguments: [
        ("yes", true), ("true", true), ("1", true), ("enabled", true), ("YES", true),
        ("no", false), ("false", false), ("0", false), ("disabled", false), ("No", false),
    ])
    func booleansHaveFourSpellings(text: String, value: Bool) throws {
        #expect(try readConnection("encap = \(text)").encap == value)
    }

    @Test(arguments: ["", "on", "off", "2", "y"])
    func otherBooleansAreRefused(text: String) throws {
        #expect(throws: ConfigurationError.self) { try readConnection("encap = \"\(text)\"") }
    }

    @Test(arguments: ["0", "0K", "0M", "0 G", "000"])
    func aSizeOfZeroIsZeroInEveryUnit(text: String) throws {
        #expect(throws: Never.self) { try readChild("life_bytes = \(text)") }
    }

    @Test(arguments: [("1", 1), ("2K", 2048), ("500M", 500 << 20), ("3G", 3 << 30)])
    func sizesHaveUnitsOf1024(text: String, octets: UInt64) throws {
        #expect(try readChild("life_bytes = \(text)").byteLimits.life == octets)
    }

    @Test func limitsOfVolumeDeriveFromEachOther() throws {
        let limits = try readChild("rekey_bytes = 1000").byteLimits
        #expect(limits.life == 1100 && limits.rand == 100)
        #expect(try readChild("life_packets = 1000").packetLimits.rekey == 900)
        #expect(throws: ConfigurationError.self) { try readChild("rekey_bytes = 2K\n life_bytes = 1K") }
        #expect(throws: ConfigurationError.self) { try readChild("rekey_bytes = 1K\n rand_bytes = 1K") }
    }

    @Test(arguments: ["0T", "18446744073709551615G", "M", "-0"])
    func otherSizesAreRefused(text: String) throws {
        #expect(throws: ConfigurationError.self) { try readChild("life_bytes = \(text)") }
    }
}
