import Inet
import Testing

extension SocketAddress {
    init(_ address: String, _ port: UInt16) throws {
        self.init(address: try #require(IPAddress(address)), port: port)
    }
}

func everyProperPrefix(of octets: [UInt8]) -> [[UInt8]] { octets.indices.map { Array(octets[..<$0]) } }
