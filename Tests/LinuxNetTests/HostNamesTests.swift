import Inet
import LinuxNet
import Testing

@Suite struct HostNamesTests {
    @Test func thisHostHasAnAddress() throws {
        let addresses = try HostNames.addresses(of: "localhost")
        #expect(addresses.contains(IPAddress(v4: 0x7f00_0001)) || addresses.contains(IPAddress(v6High: 0, low: 1)))
        #expect(Set(addresses).count == addresses.count)
    }

    @Test func aNameThatCannotBeSaysSo() throws {
        let failure = #expect(throws: HostNames.Failure.self) { try HostNames.addresses(of: "no..such..name") }
        #expect(failure?.description.hasPrefix("no..such..name: ") == true)
    }
}
