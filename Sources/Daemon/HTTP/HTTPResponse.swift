/// A server's answer: the status, the header fields and the whole content.
struct HTTPResponse: Equatable {
    var status: Int
    /// By their names in lower case; of several with one name the values one after the other.
    var fields: [String: [String]] = [:]
    var body: [UInt8] = []
}

/// Reads an answer as it comes (RFC 9112 sections 4 to 6). Nothing that a server sends makes it keep more than the limit.
struct HTTPResponseReader {
    private enum State {
        case head
        case body(HTTPResponse, Framing)
        case done(HTTPResponse)
    }

    private enum Framing {
        case length(Int)
        case chunks
        case untilEnd
    }

    /// Octets that a head may have, and the size line of a chunk.
    private static let longestHead = 16 << 10
    private static let longestLine = 256

    private let limit: Int
    private var state = State.head
    private var pending: [UInt8] = []
    /// What of `pending` is done with.
    private var position = 0

    init(limit: Int) { self.limit = limit }

    /// Takes what has arrived.
    ///
    /// - Parameter isEnd: the server has closed the connection.
    /// - Returns: the answer, once it is complete.
    mutating func take(_ octets: [UInt8], isEnd: Bool) throws(HTTPFailure) -> HTTPResponse? {
        pending += octets
        while true {
            switch state {
            case .head:
                guard try readHead() else { return try unfinished(isEnd, "its head") }
            case .body(var response, let framing):
                // Held once, so that it grows in place.
                state = .head
                guard try read(&response, framing, isEnd: isEnd) else { return try unfinished(isEnd, "its content") }
            case .done(let response): return response
            }
        }
    }

    private func unfinished(_ isEnd: Bool, _ part: String) throws(HTTPFailure) -> HTTPResponse? {
        guard !isEnd else { throw HTTPFailure("the server closed the connection within \(part)") }
        return nil
    }

    // MARK: - Head

    private mutating func readHead() throws(HTTPFailure) -> Bool {
        guard let end = Self.endOfHead(pending[position...]) else {
            guard pending.count - position <= Self.longestHead else {
                throw HTTPFailure("the answer's head is too long")
            }
            return false
        }
        let head = String(decoding: pending[position..<end], as: UTF8.self)
        position = end + 4
        // Swift takes CR LF as one character.
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let start = lines.removeFirst().split(separator: " ", maxSplits: 2)
        guard start.count >= 2, start[0].hasPrefix("HTTP/1."), start[1].count == 3, let status = Int(start[1]) else {
            throw HTTPFailure("the answer is not one of HTTP/1")
        }
        // Interim answers come before the one that counts.
        guard status >= 200 else { return true }
        var response = HTTPResponse(status: status)
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), line.first != " ", line.first != "\t" else {
                throw HTTPFailure("the answer's head cannot be read")
            }
            let value = line[line.index(after: colon)...].trimming
            response.fields[line[..<colon].lowercased(), default: []].append(value)
        }
        state = .body(response, try framing(of: response))
        return true
    }

    private static func endOfHead(_ octets: ArraySlice<UInt8>) -> Int? {
        let mark: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        guard octets.count >= mark.count else { return nil }
        return (octets.startIndex...(octets.endIndex - mark.count)).first {
            octets[$0..<$0 + mark.count].elementsEqual(mark)
        }
    }

    private func framing(of response: HTTPResponse) throws(HTTPFailure) -> Framing {
        if response.status == 204 || response.status == 304 { return .length(0) }
        if let codings = response.fields["transfer-encoding"] {
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw HTTPFailure("the answer is coded as \(codings.joined(separator: ", ")), which is not supported")
            }
            return .chunks
        }
        guard let lengths = response.fields["content-length"] else { return .untilEnd }
        guard let length = Int(lengths[0]), length >= 0, lengths.allSatisfy({ $0 == lengths[0] }) else {
            throw HTTPFailure("the answer does not say how long it is")
        }
        try requireRoom(for: length)
        return .length(length)
    }

    private func requireRoom(for count: Int) throws(HTTPFailure) {
        guard count <= limit else { throw HTTPFailure("the answer has more than \(limit) octets") }
    }

    // MARK: - Content

    /// Takes as much of the content as there is; false while some is missing.
    private mutating func read(
        _ response: inout HTTPResponse,
        _ framing: Framing,
        isEnd: Bool
    ) throws(HTTPFailure) -> Bool {
        var isComplete: Bool
        switch framing {
        case .length(let length):
            response.body += pending[position...].prefix(length - response.body.count)
            forgetPending()
            isComplete = response.body.count == length
        case .untilEnd:
            response.body += pending[position...]
            forgetPending()
            isComplete = isEnd
        case .chunks:
            isComplete = false
            while let chunk = try nextChunk(after: response.body.count) {
                response.body += chunk
                isComplete = chunk.isEmpty
                if isComplete { break }
            }
        }
        try requireRoom(for: response.body.count)
        state = isComplete ? .done(response) : .body(response, framing)
        return isComplete
    }

    private mutating func forgetPending() {
        pending = []
        position = 0
    }

    /// The next chunk, empty for the last one; nil while it is not whole. What follows the last one does not matter.
    private mutating func nextChunk(after count: Int) throws(HTTPFailure) -> ArraySlice<UInt8>? {
        let rest = pending[position...]
        guard let lineEnd = rest.firstIndex(of: 0x0A) else {
            guard rest.count <= Self.longestLine else { throw HTTPFailure("the answer's chunks cannot be read") }
            return nil
        }
        let line = String(decoding: rest[..<lineEnd], as: UTF8.self)
        let digits = line.prefix { $0.isHexDigit }
        guard let size = Int(digits, radix: 16), size >= 0 else {
            throw HTTPFailure("the answer's chunks cannot be read")
        }
        guard size > 0 else { return [] }
        guard size <= limit - count else { throw HTTPFailure("the answer has more than \(limit) octets") }
        let start = lineEnd + 1
        guard pending.count - start >= size + 2 else { return nil }
        position = start + size + 2
        return pending[start..<start + size]
    }
}

extension Substring {
    fileprivate var trimming: String {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
