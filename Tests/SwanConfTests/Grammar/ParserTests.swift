import SwanConf
import Testing

@Suite struct ParserTests {
    /// The expected trees are what swanctl 5.9.8 sends for the same text.
    @Test(arguments: [
        ("a = 1", "a = 1"),
        ("a=1", "a = 1"),
        ("a { b = 1 }", "a { b = 1 }"),
        ("a { b = 1 } c { d = 2 }", "a { b = 1 }; c { d = 2 }"),
        ("a { b { } c { } }", "a { b { }; c { } }"),
        ("a { b = 1 c = 2 }", "a { b = 1 c = 2 }"),
        ("a\n{ b = 1 }", "a { b = 1 }"),
        ("a # why\n # because\n\n { b = 1 }", "a { b = 1 }"),
        ("a\n= 1", "a = 1"),
        ("a { include = 1 }", "a { include = 1 }"),
        ("a { include= 1 }", "a { include = 1 }"),
        ("# nothing but a comment", ""),
        ("a = 1 # comment\nb = 2#comment", "a = 1; b = 2"),
        ("a = 1\r\nb { c = 2\r\n}\r\n", "a = 1; b { c = 2 }"),
        ("\u{FEFF}a = 1", "a = 1"),
        ("", ""),
    ])
    func statementsAreReadAsSwanctlReadsThem(text: String, expected: String) throws {
        #expect(try tree(text) == expected)
    }

    @Test(arguments: [
        ("a = b   c\t d", "a = b c d"),
        ("a = b   \"c  d\" e", "a = b c  d e"),
        ("a = x\"y\"z", "a = x y z"),
        ("a = \"x\" \"y\"", "a = x y"),
        ("a = \"x\" = \"y\"", "a = x = y"),
        ("a = ; f = g", "a = ; f = g"),
        ("a = b:c,d={e", "a = b:c,d={e"),
        ("s { a = \"b#c}d\" }", "s { a = b#c}d }"),
        ("a = \"x\\ty\\\"z\\\\ \\q\"", "a = x\ty\"z\\ q"),
        ("a = \"x\\ny\"", "a = x\ny"),
        ("a = \"x\n y\"", "a = x\n y"),
        ("a = \"x \\\ny\"", "a = x y"),
        ("a = \"x \\\r\ny\"", "a = x y"),
        ("a = \"\"", "a = "),
        ("a = b\\c", "a = b\\c"),
        ("a = schlüssel", "a = schlüssel"),
    ])
    func valuesAreWordsAndQuotedStrings(text: String, expected: String) throws {
        #expect(try tree(text) == expected)
    }

    @Test func sectionsOfOneNameMergeAndTheLastValueWins() throws {
        #expect(
            try tree("a { x = 1\n y = 2\n s { p = 1 } }\na { x = 3\n s { q = 2 } }")
                == "a { x = 3; y = 2; s { p = 1; q = 2 } }"
        )
    }

    @Test func anEmptyValueUnsetsTheKey() throws {
        #expect(try tree("a { x = 1\n y = 2 }\n a { y = }") == "a { x = 1 }")
        #expect(try tree("a { x = # nothing\n y = 2 }") == "a { y = 2 }")
        #expect(try tree("a { x = }") == "a { }")
    }

    @Test func namesMayHoldDotsAndDoubledColons() throws {
        #expect(try tree("a.b { c::d = 1 }") == "a.b { c:d = 1 }")
    }

    @Test(arguments: [
        ("a {\n  b = 1\n", 1, 1, "this section is not closed, its `}` is missing"),
        ("a { b = 1 } }", 1, 13, "this `}` closes nothing"),
        ("a { \"b\" = 1 }", 1, 5, "only values can be quoted, names cannot"),
        ("a {\n  b = \"x }\n", 2, 7, "this string has no closing quote"),
        ("a = \"x\\", 1, 5, "this string has no closing quote"),
        ("a {\n  b\n}", 2, 3, "after this name `= value` or `{` is missing"),
        ("a b { }", 1, 1, "after this name `= value` or `{` is missing"),
        ("a", 1, 1, "after this name `= value` or `{` is missing"),
        ("{ }", 1, 1, "a name must stand before `{`"),
        ("a { = 1 }", 1, 5, "a name must stand before `=`"),
        ("a { b = 1 }, c { }", 1, 12, "a name must stand before `,`"),
        ("a : { }", 1, 5, "the path of a section must stand here, such as `connections.gateway`"),
        ("a : b, { } b { }", 1, 8, "the path of a section must stand here, such as `connections.gateway`"),
        ("b { } a : b c { }", 1, 13, "after the paths of sections `,` or `{` must follow"),
        ("ä = ö\nü ö { ä {", 2, 1, "after this name `= value` or `{` is missing"),
        ("b { ä = \"ö\" \"ü } ", 1, 13, "this string has no closing quote"),
        ("ü {", 1, 1, "this section is not closed, its `}` is missing"),
    ])
    func syntaxErrorsPointAtTheirPlace(text: String, line: Int, column: Int, message: String) throws {
        let error = try refusal(of: text)
        #expect(error.message == message)
        #expect((error.file, error.line, error.column) == ("test.conf", line, column))
    }

    @Test func anErrorShowsTheLineWithACaret() throws {
        let error = try refusal(of: "a {\n\tb = 1\n\tc c = 2\n}")
        #expect(
            error.description == """
                test.conf:3:2: after this name `= value` or `{` is missing
                    \tc c = 2
                    \t^
                """
        )
    }

    @Test(arguments: [
        "secrets { ike { secret = hunter2}hunter3\n } }",
        "secrets { ike { Secret=hunter2}hunter3\n } }",
        "secrets { token { pin = hunter2}hunter3\n } }",
    ])
    func anErrorNeverShowsASecret(text: String) throws {
        let error = try refusal(of: text)
        #expect(!error.description.contains("hunter"))
        #expect(error.description.contains(" ..."))
    }

    @Test func controlCharactersDoNotReachTheTerminal() throws {
        let error = try refusal(of: "a = 1\n\u{1B}[31mb")
        #expect(!error.description.contains("\u{1B}"))
        #expect(error.description.contains("\u{FFFD}[31mb"))
    }

    @Test func nestingIsBounded() throws {
        let deep = String(repeating: "a { ", count: 32) + String(repeating: "} ", count: 32)
        #expect(throws: Never.self) { try SettingsTree.parse(deep, file: "test.conf") }
        let error = try refusal(of: String(repeating: "a { ", count: 100_000))
        #expect(error.message == "sections are nested deeper than 32 levels")
        #expect(error.column == 32 * 4 + 1)
    }

    @Test func namesAreBounded() throws {
        let error = try refusal(of: "ok = 1\n" + String(repeating: "n", count: 256) + " = 1")
        #expect(error.message == "this name is longer than 255 octets")
        #expect(error.line == 2)
    }

    @Test func textThatIsNotUTF8IsRefusedWithItsLine() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("", to: "binary.conf")
        try overwrite(path, with: Array("a = 1\nb = ".utf8) + [0xFF, 0x0A])
        let error = try #require(throws: ConfigurationError.self) { try SettingsTree.load(path: path) }
        #expect(error.message == "this line is not UTF-8 text")
        #expect(error.line == 2)
        try overwrite(path, with: [0x61, 0, 0x3D])
        #expect(throws: ConfigurationError.self) { try SettingsTree.load(path: path) }
    }

    @Test func aListBuiltInCodeIsKeptAsOne() {
        let section = Section(name: "gw", settings: [Setting(key: "proposals", value: .list(["a", "b"]))])
        #expect(flat(section) == "proposals = [a|b]")
        #expect(section.setting("proposals")?.location == nil)
        #expect(section.location == nil)
    }

    @Test func theLastOfManyValuesAndAllOfManySectionsCount() throws {
        let many = (1...20).map { "k\($0) = \($0)" } + (1...20).map { "s\($0) { a = \($0) }" }
        let again = ["k3 = again", "k19 = again", "s3 { b = more }", "s19 { b = more }"]
        let section = try SettingsTree.parse((many + again).joined(separator: "\n"), file: "f")
        #expect(section.settings.map(\.key) == (1...20).map { "k\($0)" })
        #expect(section.setting("k3")?.value == .text("again") && section.setting("k19")?.value == .text("again"))
        #expect(section.setting("k20")?.value == .text("20"))
        #expect(section.sections.map(\.name) == (1...20).map { "s\($0)" })
        #expect(section.section("s3")?.settings.map(\.key) == ["a", "b"])
        #expect(section.section("s19")?.settings.map(\.key) == ["a", "b"])
    }
}
