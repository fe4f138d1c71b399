import Testing

@testable import Control

@Suite struct QuantityTests {
    @Test(arguments: [
        (-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m 00s"), (724, "12m 04s"), (3600, "1h 00m"), (13_299, "3h 41m"),
        (86_400, "1d 00h"), (273_600, "3d 04h"), (Int.max, "106751991167300d 15h"),
    ])
    func durationsHaveTheirTwoLargestUnits(seconds: Int, text: String) {
        #expect(Quantities.duration(seconds) == text)
    }

    @Test(arguments: [
        (45, "45s"), (2700, "45m"), (3960, "1h 06m"), (14_400, "4h"), (86_400, "24h"), (2_592_000, "30d"),
    ])
    func periodsHaveNoUnitsThatAreZero(seconds: Int, text: String) {
        #expect(Quantities.period(seconds) == text)
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_575, "1.0 MiB"),
            (1_288_490_188, "1.2 GiB"), (UInt64.max, "16.0 EiB"),
        ] as [(UInt64, String)]
    )
    func sizesAreInBinaryMultiples(count: UInt64, text: String) {
        #expect(Quantities.bytes(count) == text)
        #expect(text.count <= 10)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] as [(UInt64, String)])
    func countsAreGrouped(number: UInt64, text: String) {
        #expect(Quantities.count(number) == text)
    }

    @Test func nounsFollowTheirNumber() {
        #expect(Quantities.count(1, "IKE SA") == "1 IKE SA")
        #expect(Quantities.count(0, "IKE SA") == "0 IKE SAs")
    }
}

@Suite struct ColumnTests {
    @Test func wideCharactersTakeTwoColumns() {
        #expect(Columns.count(of: "büro") == 4)
        #expect(Columns.count(of: "東京") == 4)
        #expect(Columns.count(of: "⇄●○") == 3)
    }

    @Test func aLongNameKeepsItsEnds() {
        #expect(Columns.shorten("gateway.example.org", to: 11, ellipsis: "…") == "gatew…e.org")
        #expect(Columns.shorten("short", to: 11, ellipsis: "…") == "short")
        #expect(Columns.shorten("東京東京東京", to: 5, ellipsis: "…") == "東…京")
        #expect(Columns.shorten("abc", to: 0, ellipsis: "…") == "")
        #expect(Columns.shorten("abcdef", to: 3, ellipsis: "...") == "abc")
    }

    @Test func runningTextIsCutAtItsEnd() {
        #expect(Columns.cut("rekey in 3h 41m", to: 10, ellipsis: "…") == "rekey in …")
    }

    @Test func controlCharactersAreNotPrinted() {
        #expect(Columns.printable("a\u{1b}[31mb\u{0}\u{202e}\u{200b}c") == "a?[31mb???c")
        #expect(Columns.printable("büro 東京") == "büro 東京")
    }

    @Test func aLineNeverPassesItsLimit() {
        var line = Line(.unicode, limit: 10)
        line.add("name", width: 6)
        line.add("12345678", width: 8, .right)
        line.add("more")
        #expect(line.rendered == "name")
        #expect(line.column <= 10)
    }

    @Test func cellsArePaddedAndAligned() {
        var line = Line(.unicode)
        line.add("a", width: 4)
        line.add("7", width: 3, .right)
        line.move(to: 10)
        line.add("end")
        #expect(line.rendered == "a     7   end")
    }

    @Test func wordsThatDoNotFitGoOnInTheNextLine() {
        var head = Line(.unicode, limit: 10)
        head.skip(2)
        let words = ["aaaa,", "bb,", "cccc"].map { (text: $0, style: Palette.Style.plain) }
        let lines = head.filled(with: words) {
            var line = Line(.unicode, limit: 10)
            line.skip(2)
            return line
        }
        #expect(lines.map(\.rendered) == ["  aaaa,", "  bb, cccc"])
    }
}

@Suite struct PageTests {
    @Test func aLongPageIsWrittenWhileItGrows() {
        var pieces: [String] = []
        var page = Page { pieces.append($0) }
        var line = Line(.unicode)
        line.add("● line")
        for _ in 0..<20_000 { page.add(line) }
        #expect(pieces.count > 1)
        page.flush()
        #expect(pieces.joined() == String(repeating: "● line\n", count: 20_000))
    }

    @Test func aLongDocumentIsTheSameInPieces() {
        let items = (0..<20_000).map { "item \($0)" }
        var pieces: [String] = []
        var page = Page { pieces.append($0) }
        page.add(pretty: false) { json in json.object { $0.member("items", items) } }
        #expect(pieces.count > 1)
        page.flush()
        #expect(pieces.joined() == JSON.object([("items", .texts(items))]).encoded(pretty: false))
    }
}

@Suite struct PaletteTests {
    private func palette(_ isTerminal: Bool, _ variables: [String: String]) -> Palette {
        Palette(isTerminal: isTerminal) { variables[$0] }
    }

    @Test func onlyATerminalGetsColours() {
        #expect(palette(true, ["TERM": "xterm"]).hasColor)
        #expect(!palette(false, ["TERM": "xterm"]).hasColor)
        #expect(!palette(true, ["TERM": "dumb"]).hasColor)
        #expect(!palette(true, ["NO_COLOR": "1"]).hasColor)
        #expect(palette(true, ["NO_COLOR": ""]).hasColor)
    }

    @Test func theLocaleDecidesAboutUnicode() {
        #expect(palette(true, ["LANG": "de_DE.UTF-8"]).hasUnicode)
        #expect(palette(true, ["LANG": "C.utf8"]).hasUnicode)
        #expect(!palette(true, ["LANG": "C"]).hasUnicode)
        #expect(!palette(true, ["LC_ALL": "C", "LANG": "de_DE.UTF-8"]).hasUnicode)
        #expect(!palette(true, [:]).hasUnicode)
    }
}
