/// A request for a page as far as it matters here: the first line of HTTP/1, and whether its head is complete (RFC 9112).
enum PageRequest: Equatable {
    /// The head goes on.
    case incomplete
    /// Of this path, without what follows a question mark.
    case page(String, wantsBody: Bool)
    case otherMethod
    case malformed
    case tooLong

    /// Octets that the head may have.
    static let limit = 4096

    init(_ octets: [UInt8]) {
        let text = String(decoding: octets, as: UTF8.self)
        guard text.contains("\r\n\r\n") else {
            self = octets.count >= Self.limit ? .tooLong : .incomplete
            return
        }
        // Swift takes CR LF as one character.
        let line = text.prefix { $0 != "\r\n" }
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].hasPrefix("HTTP/1."), parts[1].hasPrefix("/") else {
            self = .malformed
            return
        }
        let path = String(parts[1].prefix { $0 != "?" })
        switch parts[0] {
        case "GET": self = .page(path, wantsBody: true)
        case "HEAD": self = .page(path, wantsBody: false)
        default: self = .otherMethod
        }
    }

    /// The answer, after which the connection ends; nil while there is nothing to answer.
    ///
    /// - Parameter metrics: the page at `/metrics`, made when it is wanted.
    func answer(_ metrics: () -> String) -> String? {
        switch self {
        case .incomplete: nil
        case .page("/metrics", let wantsBody):
            Self.answer("200 OK", type: Exposition.contentType, metrics(), wantsBody: wantsBody)
        case .page(_, let wantsBody):
            Self.answer("404 Not Found", "the metrics are at /metrics\n", wantsBody: wantsBody)
        case .otherMethod:
            Self.answer("405 Method Not Allowed", "only GET and HEAD are understood\n", more: "Allow: GET, HEAD\r\n")
        case .malformed: Self.answer("400 Bad Request", "this is no request of HTTP/1\n")
        case .tooLong:
            Self.answer("431 Request Header Fields Too Large", "a request has at most \(Self.limit) octets\n")
        }
    }

    private static func answer(
        _ status: String,
        type: String = "text/plain; charset=utf-8",
        _ body: String,
        more: String = "",
        wantsBody: Bool = true
    ) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)"
            + "Connection: close\r\n\r\n\(wantsBody ? body : "")"
    }
}
