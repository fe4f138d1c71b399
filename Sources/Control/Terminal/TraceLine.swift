import VICI

/// One message of an exchange, as the event `trace` carries it.
///
/// ```
/// 12:03:04.567 → IKE_SA_INIT request 0  office#3  192.0.2.1:500 → 198.51.100.7:500  316 octets
///     SA #1 IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519
///     KE CURVE_25519, 32 octets
/// ```
struct TraceLine {
    private let message: VICIMessage

    init(_ message: VICIMessage) {
        self.message = message
    }

    /// Whether the message is of a connection, or may be as long as nobody knows.
    func isAbout(_ connection: String) -> Bool {
        message["ikesa-name"].map { $0 == connection } ?? (message.list("candidates") ?? []).contains(connection)
    }

    /// Whether an exchange has come to its end with this message: an answer, but not the one that IKE_AUTH goes on from.
    var endsAnExchange: Bool {
        guard message["kind"] == "response", message["exchange"] != "IKE_SA_INIT", message["problem"] == nil else {
            return false
        }
        return !(message.list("payloads") ?? []).contains { $0.hasPrefix("EAP ") }
    }

    func rendered(_ palette: Palette, at time: String) -> String {
        let isSent = message["direction"] == "sent"
        let arrow = palette.hasUnicode ? (isSent ? "→" : "←") : (isSent ? "->" : "<-")
        let head = [message["exchange"], message["kind"], message["message-id"]].compactMap { $0 }.joined(
            separator: " "
        )
        let name = (message["ikesa-name"] ?? "") + (message["ikesa-uniqueid"].map { "#\($0)" } ?? "")
        let ends = [.local, .remote].map { IKESAStatus.End(message, $0).address ?? "" }
        var size = "\(message["octets"] ?? "0") octets"
        if let fragments = message["fragments"] { size += ", \(fragments) fragments" }
        if message["protected"] == nil { size += ", not protected" }
        var line = palette.paint(time, .quiet) + " \(arrow) " + palette.paint(Columns.printable(head), .strong)
        line +=
            "  "
            + Columns.printable(
                [name, ends.joined(separator: " \(arrow) "), size].filter { !$0.isEmpty }.joined(separator: "  ")
            )
        if message.flag("again") { line += palette.paint("  sent again", .warning) }
        if let problem = message["problem"] { line += "\n    " + palette.paint(Columns.printable(problem), .bad) }
        for payload in message.list("payloads") ?? [] { line += "\n    " + Columns.printable(payload) }
        return line
    }
}
