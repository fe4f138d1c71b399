import Support
import Testing
import VICI

@Suite struct MessageTests {
    /// The shape of the example in strongSwan's description of the format, with names of our own.
    private static let example: VICIMessage = [
        "name": "value",
        "outer": [
            "inner": ["deep": "gold"],
            "list": ["one", "two"],
        ],
    ]

    private static let exampleBytes: [UInt8] = [
        bytes([3, 4], "name", [0, 5], "value"),
        bytes([1, 5], "outer"),
        bytes([1, 5], "inner"),
        bytes([3, 4], "deep", [0, 4], "gold"),
        [2],
        bytes([4, 4], "list"),
        bytes([5, 0, 3], "one"),
        bytes([5, 0, 3], "two"),
        [6, 2],
    ].flatMap { $0 }

    private static func bytes(_ head: [UInt8], _ name: String, _ middle: [UInt8] = [], _ value: String = "") -> [UInt8]
    {
        head + Array(name.utf8) + middle + Array(value.utf8)
    }

    @Test func aTreeIsEncodedElementByElement() throws {
        #expect(try Self.example.encoded() == Self.exampleBytes)
    }

    @Test func whatWasEncodedIsDecoded() throws {
        #expect(try VICIMessage(decoding: Self.exampleBytes) == Self.example)
    }

    @Test func anEmptyMessageHasNoBytes() throws {
        #expect(try VICIMessage().encoded() == [])
        #expect(try VICIMessage(decoding: []) == [:])
    }

    @Test func orderRepeatedNamesAndOddBytesSurvive() throws {
        var message = VICIMessage()
        message.append("b", .value([0, 0xff, 0x80]))
        message.append("a", .list([]))
        message.append("b", .list([[], [0]]))
        message.append("", .section([:]))
        let decoded = try VICIMessage(decoding: try message.encoded())
        #expect(decoded == message)
        #expect(decoded.entries.map(\.name) == ["b", "a", "b", ""])
    }

    @Test func everyCutMessageIsRefusedUnlessTheCutIsBetweenElements() throws {
        let boundaries: Set = [0, 13]  // in front of the first element and of the section
        for count in Self.exampleBytes.indices where !boundaries.contains(count) {
            #expect(throws: VICIDecodingError.self) {
                try VICIMessage(decoding: Array(Self.exampleBytes.prefix(count)))
            }
        }
    }

    @Test(
        arguments: [
            ([7], 0, VICIDecodingError.Reason.unknownElement(7)),
            ([0], 0, .unknownElement(0)),
            ([2], 0, .misplacedElement(2)),
            ([5, 0, 0], 0, .misplacedElement(5)),
            ([6], 0, .misplacedElement(6)),
            ([4, 1, 97, 1, 1, 97], 3, .misplacedElement(1)),
            ([4, 1, 97, 3, 1, 97, 0, 0], 3, .misplacedElement(3)),
            ([4, 1, 97, 9], 3, .unknownElement(9)),
            ([1, 1, 97], 3, .unclosed),
            ([4, 1, 97], 3, .unclosed),
            ([3, 1], 2, .truncated),
            ([3, 1, 97, 0], 4, .truncated),
            ([3, 1, 97, 0, 2, 98], 5, .truncated),
            ([3, 2, 0xc3, 0x28, 0, 0], 1, .nameNotText),
        ] as [([UInt8], Int, VICIDecodingError.Reason)]
    )
    func aBrokenMessageIsRefusedWithItsOffset(bytes: [UInt8], offset: Int, reason: VICIDecodingError.Reason) {
        #expect(throws: VICIDecodingError(offset: offset, reason: reason)) { try VICIMessage(decoding: bytes) }
    }

    @Test func sectionsNestUpToTheLimitAndNoFurther() throws {
        func nested(_ depth: Int) -> VICIMessage {
            (0..<depth).reduce([:]) { inner, _ in ["s": .section(inner)] }
        }
        let deepest = nested(VICIMessage.maximumDepth)
        #expect(try VICIMessage(decoding: try deepest.encoded()) == deepest)
        #expect(throws: VICIEncodingError.tooDeep) { try nested(VICIMessage.maximumDepth + 1).encoded() }

        let bytes = [[UInt8]](repeating: [1, 1, 115], count: 10_000).joined()
        let offset = 3 * VICIMessage.maximumDepth
        #expect(throws: VICIDecodingError(offset: offset, reason: .tooDeep)) { try VICIMessage(decoding: Array(bytes)) }
    }

    @Test func namesAndValuesHaveTheLengthsOfTheFormat() throws {
        let longest: VICIMessage = [
            String(repeating: "n", count: 255): .value([UInt8](repeating: 1, count: 65_535))
        ]
        #expect(try VICIMessage(decoding: try longest.encoded()) == longest)

        let name = String(repeating: "n", count: 256)
        #expect(throws: VICIEncodingError.nameTooLong(name)) { try ([name: ""] as VICIMessage).encoded() }
        let value: VICIMessage = ["v": .value([UInt8](repeating: 1, count: 65_536))]
        #expect(throws: VICIEncodingError.valueTooLong(name: "v", count: 65_536)) { try value.encoded() }
    }

    @Test func aMessageWithSomethingThatDoesNotFitCannotBeSent() {
        var message: VICIMessage = ["a": "1"]
        message.append("section") { $0.append("v", .value([UInt8](repeating: 1, count: 65_536))) }
        message.append("b", text: "2")
        #expect(throws: VICIEncodingError.valueTooLong(name: "v", count: 65_536)) { try message.encoded() }
        #expect(message["b"] == "2" && message.section("section")?.isEmpty == true)

        let name = String(repeating: "n", count: 256)
        var other = VICIMessage()
        other.append(name) { $0.append("v", text: "1") }
        #expect(other.isEmpty)
        #expect(throws: VICIEncodingError.nameTooLong(name)) { try other.encoded() }
        message.append(contentsOf: other)
        #expect(throws: VICIEncodingError.valueTooLong(name: "v", count: 65_536)) { try message.encoded() }
    }

    @Test func whatIsWrittenPieceByPieceIsTheSameMessage() throws {
        var message = VICIMessage()
        message.append("name", text: "value")
        message.append("outer") { section in
            section.append("inner") { $0.append("deep", text: "gold") }
            section.append("list", texts: ["one", "two"])
        }
        #expect(message == Self.example)
        var numbers = VICIMessage()
        numbers.append("least", number: Int64.min)
        numbers.append("most", number: UInt64.max)
        #expect(numbers == ["least": .number(Int64.min), "most": .number(UInt64.max)])
        var both = message
        both.append(contentsOf: numbers)
        #expect(both.entries == message.entries + numbers.entries)
    }

    /// Flips, inserts, removes and copies octets of a real message, thousands of times from one seed. Whatever still
    /// decodes must encode to the very octets it came from.
    @Test func mutatedMessagesAreRefusedOrSurviveARoundTrip() throws {
        var random = SplitMix64(seed: 0x5eed)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Self.exampleBytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<max(bytes.count, 1), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !bytes.isEmpty: bytes[index] = UInt8.random(in: 0...9, using: &random)
                case 1: bytes.insert(UInt8.random(in: 0 ... .max, using: &random), at: min(index, bytes.count))
                case 2 where !bytes.isEmpty: bytes.remove(at: index)
                default: bytes.append(contentsOf: bytes.suffix(bytes.count / 2))
                }
            }
            if let message = try? VICIMessage(decoding: bytes) {
                accepted += 1
                #expect(try message.encoded() == bytes)
            }
        }
        #expect(accepted > 100)
    }
}

@Suite struct MessageAccessTests {
    @Test func theSubscriptReadsReplacesAddsAndLeavesOut() {
        var message: VICIMessage = ["state": "CREATED", "list": ["a"]]
        #expect(message["state"] == "CREATED")
        #expect(message["list"] == nil)
        message["state"] = "ESTABLISHED"
        message["uniqueid"] = "7"
        message["encap"] = nil
        message["list"] = nil
        #expect(message == ["state": "ESTABLISHED", "uniqueid": "7"])
    }

    @Test func accessorsAnswerOnlyForTheirOwnKind() {
        let message: VICIMessage = [
            "text": "4500", "list": ["a", "b"], "section": ["key": "value"], "on": .flag(true),
        ]
        #expect(message.number("text") == 4500)
        #expect(message.number("text", as: UInt8.self) == nil)
        #expect(message.number("list", as: Int.self) == nil)
        #expect(message.list("list") == ["a", "b"])
        #expect(message.list("text") == nil)
        #expect(message.section("section")?["key"] == "value")
        #expect(message.section("list") == nil)
        #expect(message.flag("on"))
        #expect(!message.flag("text"))
        #expect(!message.flag("missing"))
        #expect(message.sections.map(\.name) == ["section"])
    }

    @Test func aNameIsFoundBehindSectionsAndListsThatHaveItInside() {
        var message: VICIMessage = [
            "s": ["a": "inside", "s": ["a": "deeper", "l": ["a", "aa"]]], "l": ["a", ""], "aa": "longer", "a": "found",
            "b": [:], "c": [],
        ]
        message.append("a", text: "second")
        #expect(message["a"] == "found")
        #expect(message.section("s")?.section("s")?["a"] == "deeper")
        #expect(message.section("s")?.section("s")?.list("l") == ["a", "aa"])
        #expect(message.section("b") == [:] && message.list("c") == [])
        #expect(message["d"] == nil)
        #expect(message.entries.map(\.name) == ["s", "l", "aa", "a", "b", "c", "a"])
    }

    @Test func namesThatLookAlikeAreToldApart() throws {
        var message: VICIMessage = ["local-host": "1", "lxcal-hxst": "2", "é": "3", "a": "4", "": "5", "aa": "6"]
        let longest = String(repeating: "n", count: 255)
        message.append(longest, text: "7")
        let read = try VICIMessage(decoding: try message.encoded())
        #expect(["local-host", "lxcal-hxst", "é", "a", "", "aa", longest].map { read[$0] } == (1...7).map { "\($0)" })
        #expect(read["locax-host"] == nil && read["aaa"] == nil && read[longest + longest] == nil)
        #expect(read[longest + String(repeating: "n", count: 256)] == nil)
    }

    @Test func sectionsThatWereReadCountTowardsTheDepthOfWhatTheyAreAddedTo() throws {
        let wide: VICIMessage = ["a": ["b": [:]], "c": ["d": ["e": [:]]], "f": "1"]
        let read = try #require(
            try VICIMessage(decoding: try (["s": .section(wide)] as VICIMessage).encoded()).section("s")
        )
        #expect(read == wide)
        func nested(_ depth: Int) -> VICIMessage { (0..<depth).reduce(read) { inner, _ in ["s": .section(inner)] } }
        #expect(throws: Never.self) { try nested(VICIMessage.maximumDepth - 3).encoded() }
        #expect(throws: VICIEncodingError.tooDeep) { try nested(VICIMessage.maximumDepth - 2).encoded() }
        var longer = read
        longer.append("g", text: "2")
        #expect(longer.entries == wide.entries + [VICIMessage.Entry("g", "2")])
    }

    @Test func aSectionThatWasReadIsAMessageOfItsOwn() throws {
        let whole: VICIMessage = ["a": "1", "s": ["b": "2", "l": ["x"]], "c": "3"]
        var section = try #require(try VICIMessage(decoding: try whole.encoded()).section("s"))
        #expect(section == ["b": "2", "l": ["x"]])
        #expect(section["a"] == nil && section["c"] == nil)
        section.append("d", text: "4")
        #expect(section == ["b": "2", "l": ["x"], "d": "4"])
        #expect(try VICIMessage(decoding: try section.encoded()) == section)
    }

    @Test(
        arguments: [
            ("0", 0, 0), ("007", 7, 7), ("-5", -5, nil), ("+5", 5, 5), ("", nil, nil), ("1a", nil, nil),
            ("1 ", nil, nil),
            ("9223372036854775807", .max, 9_223_372_036_854_775_807), ("9223372036854775808", nil, 1 << 63),
            ("18446744073709551615", nil, .max), ("18446744073709551616", nil, nil),
        ] as [(String, Int?, UInt64?)]
    )
    func numbersAreDecimalAndFit(text: String, signed: Int?, unsigned: UInt64?) {
        let message: VICIMessage = ["n": .text(text)]
        #expect(message.number("n") == signed)
        #expect(message.number("n") == unsigned)
        #expect(message.number("n", as: Int.self) == signed)
    }

    @Test func aMessagePrintsInTheNotationOfTheDocumentation() {
        let message: VICIMessage = ["a": "1", "l": ["x", "y"], "s": ["b": .number(2)]]
        #expect(message.description == "{ a = 1 l = [ x, y ] s = { b = 2 } }")
    }
}
