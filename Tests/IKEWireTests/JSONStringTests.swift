import IKEWire
import Testing

@Suite struct JSONStringTests {
    @Test(
        arguments: [
            ("", "\"\""), ("plain text", "\"plain text\""), ("a\"b\\c", #""a\"b\\c""#), ("\n\t\r", #""\n\t\r""#),
            ("\u{0}\u{1b}\u{7f}\u{9b}", #""\u0000\u001b\u007f\u009b""#), ("grüße ⇄ 🙂", "\"grüße ⇄ 🙂\""),
        ]
    )
    func aTextIsQuotedAndWhatWouldSteerATerminalEscaped(text: String, expected: String) {
        var output: [UInt8] = []
        JSONString.write(text, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
