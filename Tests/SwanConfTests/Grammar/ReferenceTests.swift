import SwanConf
import Testing

@Suite struct ReferenceTests {
    /// The expected trees are what swanctl 5.9.8 sends for the same text.
    @Test(arguments: [
        ("base { x = 1\n sub { k = v } }\nc { b : base { c = 1 } }", "c { b { c = 1; x = 1; sub { k = v } } }"),
        // The order of a reference and its target does not matter.
        ("c { b : base { c = 1 } }\nbase { x = 1 }", "c { b { c = 1; x = 1 } }"),
        // Own values win, then those of the references from left to right.
        (
            "x { p = x\n q = x\n r = x }\ny { p = y\n q = y\n s = y }\nc { a : x, y { p = a } }",
            "c { a { p = a; q = x; r = x; s = y } }"
        ),
        // An empty value hides the inherited one.
        ("x { k = v\n l = w }\nc { a : x { k = } }", "c { a { l = w } }"),
        // Sections merge at every level.
        ("x { s { k = x\n l = x } }\nc { a : x { s { k = a } } }", "c { a { s { k = a; l = x } } }"),
        // What a section inherited is inherited from it, also by its sections.
        (
            "x { k = x\n s { t = x } }\ny : x { l = y }\nc { a : y { }\n b : y.s { } }",
            "c { a { l = y; k = x; s { t = x } }; b { t = x } }"
        ),
        (
            "c { a { k = 1\n s { t = 1 } }\n b : c.a { k = 2 } }",
            "c { a { k = 1; s { t = 1 } }; b { k = 2; s { t = 1 } } }"
        ),
        // References of sections that merge add up.
        ("x { k = x }\ny { l = y }\nc { a : x { } }\n c { a : y { } }", "c { a { k = x; l = y } }"),
        ("x { k = x }\n c { a : x, x { } }", "c { a { k = x } }"),
        // A section that two others share comes once.
        ("d { k = d }\nx : d { }\ny : d { }\nc { a : x, y { } }", "c { a { k = d } }"),
    ])
    func settingsOfReferencedSectionsAreDefaults(text: String, expected: String) throws {
        let root = try SettingsTree.parse(text, file: "test.conf")
        let section = try #require(root.section("c"))
        #expect("c { \(flat(section)) }" == expected)
    }

    @Test func pathsMayRunOverLinesAndNamesHoldDots() throws {
        let text = "a.b { s { k = 1 } }\nc :\n a.b.s, # why\n d\n{ }\nd { l = 2 }"
        #expect(try tree(text) == "a.b { s { k = 1 } }; c { k = 1; l = 2 }; d { l = 2 }")
    }

    @Test func aReferencedSectionKnowsIt() throws {
        let root = try SettingsTree.parse("base { sub { } } c { a : base.sub { } } other { }", file: "test.conf")
        #expect(root.sections.map(\.isReferenced) == [true, false, false])
    }

    @Test func inheritedSettingsKeepTheirPlace() throws {
        let root = try SettingsTree.parse("base {\n  k = v\n}\nc : base { }", file: "test.conf")
        let setting = try #require(root.section("c")?.setting("k"))
        #expect(setting.location?.line == 2)
        #expect(setting.location?.column == 3)
    }

    @Test func aReferenceThatLeadsNowhereIsRefusedWithASuggestion() throws {
        let error = try refusal(of: "conn-defaults { }\nc { a : conn-default { } }")
        #expect(error.message == "there is no section `conn-default`")
        #expect(error.suggestion == "conn-defaults")
        #expect((error.line, error.column) == (2, 9))
        #expect(error.summary.hasSuffix("there is no section `conn-default`, did you mean `conn-defaults`?"))
        #expect(try refusal(of: "t { child { } }\nc : t.chidl { }").suggestion == "child")
        #expect(try refusal(of: "c : ... { }").message == "there is no section `...`")
    }

    @Test(arguments: [
        "a : a { }",
        "c { a : c { } }",
        "c { a : c.a { } }",
        "a : b { }\nb : a { }",
        "a : b { }\nb : c { }\nc : a { }",
    ])
    func aSectionThatInheritsFromItselfIsRefused(text: String) throws {
        #expect(try refusal(of: text).message.contains("inherit"))
    }

    @Test func sectionsThatContainEachOtherThroughReferencesAreRefused() throws {
        #expect(try refusal(of: "x { s : y { } }\ny { t : x { } }").message.contains("contains itself"))
    }

    @Test func doublingThroughReferencesIsBounded() throws {
        var text = "l0 { k = 1 }\n"
        for level in 1..<30 {
            text += "l\(level) { a : l\(level - 1) { }\n b : l\(level - 1) { } }\n"
        }
        #expect(try refusal(of: text).message.contains("too large"))
    }

    @Test(arguments: [true, false])
    func aLongLineOfInheritanceIsRefused(baseFirst: Bool) throws {
        func chain(_ length: Int) -> String {
            let lines = ["l0 { k = 1 }"] + (1...length).map { "l\($0) : l\($0 - 1) { }" }
            return (baseFirst ? lines : lines.reversed()).joined(separator: "\n")
        }
        #expect(throws: Never.self) { try SettingsTree.parse(chain(16), file: "test.conf") }
        #expect(try refusal(of: chain(17)).message == "more than 16 sections inherit from each other in a row")
        #expect(try refusal(of: chain(10_000)).message == "more than 16 sections inherit from each other in a row")
    }

    @Test func aSectionCanInheritFromABoundedNumberOfOthers() throws {
        let names = (0..<65).map { "s\($0)" }
        let text = names.map { "\($0) { }\n" }.joined() + "c : " + names.joined(separator: ",") + " { }"
        #expect(try refusal(of: text).message == "a section inherits from more than 64 others")
    }
}
