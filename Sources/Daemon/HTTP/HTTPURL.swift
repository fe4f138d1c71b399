import Inet

/// Where something is to be had by HTTP without TLS (RFC 9110 section 4.2.1): what certificates name is signed itself.
struct HTTPURL: Hashable, Sendable {
    /// A name, or an address without brackets.
    let host: String
    let port: UInt16
    /// Path and query, as the request line has them.
    let target: String

    private static let scheme = "http://"
    private static let longest = 2048

    /// Nil for another scheme, a user or password, and for whatever breaks the grammar.
    init?(_ text: String) {
        let octets = Array(text.utf8)
        guard octets.count <= Self.longest, octets.allSatisfy({ (0x21...0x7E).contains($0) }),
            text.lowercased().hasPrefix(Self.scheme)
        else { return nil }
        let rest = text.dropFirst(Self.scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        // A fragment is no business of the server's.
        let tail = rest.dropFirst(authority.count).prefix { $0 != "#" }
        guard let (host, port) = Self.read(String(authority)) else { return nil }
        self.host = host
        self.port = port
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }

    private static func read(_ authority: String) -> (host: String, port: UInt16)? {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard IPAddress(String(host))?.family == .v6 else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority.dropFirst(host.count)
            let isName = host.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            guard isName, !host.isEmpty else { return nil }
        }
        if rest.isEmpty || rest == ":" { return (String(host), 80) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return (String(host), port)
    }

    /// As the header field Host has it.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }

    /// Where a redirection leads to: another URL, or a path at the same server.
    func following(_ location: String) -> HTTPURL? {
        location.hasPrefix("/") && !location.hasPrefix("//")
            ? HTTPURL(Self.scheme + authority + location) : HTTPURL(location)
    }
}

extension HTTPURL: CustomStringConvertible {
    var description: String { Self.scheme + authority + target }
}
