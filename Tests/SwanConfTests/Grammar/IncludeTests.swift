import SwanConf
import Testing

@Suite struct IncludeTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func load(_ name: String = "iked.conf") throws -> String {
        flat(try SettingsTree.load(path: directory.path + "/" + name))
    }

    private func refusal(_ name: String = "iked.conf") throws -> ConfigurationError {
        try #require(throws: ConfigurationError.self) { try load(name) }
    }

    @Test func aGlobIsRelativeToTheIncludingFileAndSorted() throws {
        try directory.write("include conf.d/*.conf\nz = 1", to: "iked.conf")
        try directory.write("b = 2\norder = b", to: "conf.d/b.conf")
        try directory.write("a = 1\norder = a\ninclude more/x.conf", to: "conf.d/a.conf")
        try directory.write("x = 3", to: "conf.d/more/x.conf")
        try directory.write("never = 1", to: "conf.d/c.other")
        #expect(try load() == "a = 1; order = b; x = 3; b = 2; z = 1")
    }

    @Test func anIncludeAddsToTheSectionItStandsIn() throws {
        try directory.write("a { k = 1\n include inner.conf\n m = 1 } b { include \"inner.conf\" }", to: "iked.conf")
        try directory.write("k = 2 \n sub { s = 1 }", to: "inner.conf")
        #expect(try load() == "a { k = 2; m = 1; sub { s = 1 } }; b { k = 2; sub { s = 1 } }")
    }

    @Test func aPatternMayHoldEscapedBlanksAndHashes() throws {
        try directory.write("include a\\ b\\#c.conf # comment\ninclude \"d e.conf\"", to: "iked.conf")
        try directory.write("x = 1", to: "a b#c.conf")
        try directory.write("y = 1", to: "d e.conf")
        #expect(try load() == "x = 1; y = 1")
    }

    @Test func anAbsolutePathIsTakenAsItIs() throws {
        let other = try TemporaryDirectory()
        try other.write("x = 1", to: "other.conf")
        try directory.write("include \(other.path)/other.conf", to: "iked.conf")
        #expect(try load() == "x = 1")
    }

    @Test func aGlobWithoutMatchesIsFineButAMissingFileIsNot() throws {
        try directory.write("include conf.d/*.conf\ninclude lo?al.conf\n a = 1", to: "iked.conf")
        #expect(try load() == "a = 1")
        try directory.write("a = 1\n  include local.conf", to: "iked.conf")
        let error = try refusal()
        #expect(error.message == "the included file `\(directory.path)/local.conf` does not exist")
        #expect((error.line, error.column) == (2, 3))
    }

    @Test func aFileThatIncludesItselfIsRefused() throws {
        try directory.write("include iked.conf", to: "iked.conf")
        #expect(try refusal().message.contains("includes itself"))
        try directory.write("include b.conf", to: "iked.conf")
        try directory.write("include ././iked.conf", to: "b.conf")
        let error = try refusal()
        #expect(error.message.contains("includes itself"))
        #expect(error.file == directory.path + "/b.conf")
    }

    @Test func includingOneFileTwiceIsNoCycle() throws {
        try directory.write("a { include x.conf\n } b { include x.conf\n }", to: "iked.conf")
        try directory.write("x = 1", to: "x.conf")
        #expect(try load() == "a { x = 1 }; b { x = 1 }")
    }

    @Test func depthIsBounded() throws {
        for level in 0..<20 {
            try directory.write("include \(level + 1).conf\nl\(level) = 1", to: "\(level).conf")
        }
        #expect(try refusal("0.conf").message == "files include each other deeper than 16 levels")
    }

    @Test func theNumberOfFilesIsBounded() throws {
        try directory.write("include b/*\n", to: "iked.conf")
        for index in 0..<70 {
            try directory.write("include ../c/*", to: "b/\(index)")
            try directory.write("x\(index) = 1", to: "c/\(index)")
        }
        #expect(try refusal().message == "more than 4096 files are included")
    }

    @Test func errorsNameTheIncludedFile() throws {
        try directory.write("a { include broken.conf\n }", to: "iked.conf")
        try directory.write("x = 1\ny", to: "broken.conf")
        let error = try refusal()
        #expect((error.file, error.line) == (directory.path + "/broken.conf", 2))
    }

    @Test func anIncludedFileCannotCloseTheSectionAroundIt() throws {
        try directory.write("a { include broken.conf\n }", to: "iked.conf")
        try directory.write("x = 1 }", to: "broken.conf")
        #expect(try refusal().message == "this `}` closes nothing")
    }

    @Test func whatCannotBeReadIsRefusedWithItsReason() throws {
        #expect(
            try refusal("absent.conf").description
                == "\(directory.path)/absent.conf: cannot read this file: No such file or directory"
        )
        try directory.write("include conf.d", to: "iked.conf")
        try directory.write("", to: "conf.d/x")
        #expect(try refusal().message == "cannot read `\(directory.path)/conf.d`: it is not a regular file")
        try directory.write("include /dev/zero", to: "iked.conf")
        #expect(try refusal().message == "cannot read `/dev/zero`: it is not a regular file")
        let endless = try #require(throws: ConfigurationError.self) { try SettingsTree.load(path: "/dev/zero") }
        #expect(endless.message.contains("larger than"))
        try directory.write("include ", to: "iked.conf")
        #expect(try refusal().message.hasPrefix("`include` needs a path"))
    }
}
