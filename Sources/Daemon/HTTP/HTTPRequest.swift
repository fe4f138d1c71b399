/// One request to a server (RFC 9110, RFC 9112).
struct HTTPRequest: Sendable {
    var url: HTTPURL
    /// What goes to the server by POST; nil: GET.
    var body: Body?
    /// Octets of the longest answer that is taken.
    var limit: Int

    struct Body: Sendable {
        let type: String
        let octets: [UInt8]
    }

    /// As it goes out, over a connection of its own.
    var octets: [UInt8] {
        var head = "\(body == nil ? "GET" : "POST") \(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\n"
        head += "User-Agent: iked\r\nAccept: */*\r\nConnection: close\r\n"
        if let body { head += "Content-Type: \(body.type)\r\nContent-Length: \(body.octets.count)\r\n" }
        return Array((head + "\r\n").utf8) + (body?.octets ?? [])
    }
}

/// Why something was not to be had, for people.
struct HTTPFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
