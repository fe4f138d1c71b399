import Glibc
import IKECore
import IKEWire
import Inet
import LinuxNet
import Support
import Testing

@testable import Daemon

/// What the daemon's helper is asked, and what it does.
@Suite struct HookTests {
    /// A script in a directory of its own.
    private static func script(_ text: String, in directory: TemporaryDirectory, mode: mode_t = 0o755) throws -> String
    {
        let path = directory.path + "/script"
        let file = try #require(fopen(path, "w"))
        fputs("#!/bin/sh\n\(text)\n", file)
        fclose(file)
        chmod(path, mode)
        return path
    }

    private static func perform(_ request: HookRequest) -> HookReport {
        var session = HookRunner.Session(owners: [geteuid()])
        if case .script(let arguments, _) = request {
            _ = session.perform(.permit([arguments.joined(separator: " ")]))
        }
        return session.perform(request)
    }

    // MARK: - Messages

    @Test(arguments: [
        HookRequest.script(["/bin/true"], environment: []),
        .permit(["/bin/true", "/bin/false a"]),
        .script(["/bin/true", "a b", ""], environment: ["A=1", "B="]),
        .resolvers(interface: "iked0", .auto, servers: [], domains: []),
        .resolvers(interface: "iked0", .resolvconf, servers: ["10.2.0.53", "fd02::53"], domains: ["example.org"]),
    ])
    func requestsArriveAsTheyWere(request: HookRequest) {
        #expect(HookRequest(request.octets) == request)
        for count in 0..<request.octets.count { #expect(HookRequest(request.octets.prefix(count)) != request) }
    }

    @Test(arguments: [
        "", "script", "script\0", "script\00\0", "script\02\0/bin/true\0", "script\0-1\0a\0",
        "script\099999999999999999999\0a\0",
        "resolvers\0iked0\0auto\0", "resolvers\0iked0\0sometimes\00\0", "resolvers\0iked0\0auto\01\0", "other\01\0a\0",
    ])
    func whatIsNoRequestIsDropped(text: String) {
        #expect(HookRequest(Array(text.utf8)) == nil)
    }

    @Test func reportsArriveAsTheyWere() {
        let report = HookReport(hasFailed: true, lines: ["one", "", "three"])
        #expect(HookReport(report.octets) == report)
        #expect(HookReport([UInt8]()) == nil)
    }

    // MARK: - Scripts

    @Test func aScriptGetsItsArgumentsAndVariablesAndIsHeard() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.script("echo \"$1 $PLUTO_VERB\"; echo oops >&2", in: directory)
        let report = Self.perform(.script([path, "x"], environment: ["PLUTO_VERB=up-client"]))
        #expect(
            report == HookReport(hasFailed: false, lines: ["\(path) for up-client is done", "x up-client", "oops"])
        )
    }

    @Test func aScriptThatFailsIsToldOf() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.script("exit 3", in: directory)
        let report = Self.perform(.script([path], environment: []))
        #expect(report.hasFailed)
        #expect(report.lines.first?.hasSuffix("failed with status 3") == true)
    }

    @Test func aScriptThatOthersMayWriteIsNotRun() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.script("exit 0", in: directory, mode: 0o777)
        #expect(
            Self.perform(.script([path], environment: [])).lines.first?.contains("others than its owner can write it")
                == true
        )
        chmod(path, 0o755)
        var session = HookRunner.Session(owners: [geteuid() + 1])
        _ = session.perform(.permit([path]))
        #expect(session.perform(.script([path], environment: [])).lines.first?.contains("must belong to root") == true)
        #expect(Self.perform(.script(["/nonexistent/x"], environment: [])).hasFailed)
        #expect(Self.perform(.script([directory.path], environment: [])).lines.first?.contains("it is no file") == true)
    }

    @Test func onlyWhatWasConfiguredAtTheStartIsRun() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.script("echo run", in: directory)
        var session = HookRunner.Session(owners: [geteuid()])
        #expect(session.perform(.script([path], environment: [])).hasFailed)
        #expect(!session.perform(.permit([path])).hasFailed)
        #expect(session.perform(.permit(["/bin/sh -c x"])).hasFailed)
        #expect(session.perform(.script(["/bin/sh", "-c", "x"], environment: [])).hasFailed)
        #expect(session.perform(.script([path, "more"], environment: [])).hasFailed)
        #expect(!session.perform(.script([path], environment: [])).hasFailed)
    }

    @Test func noVariableButStrongSwansReachesAScript() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.script("echo \"$PLUTO_VERB$LD_PRELOAD\"", in: directory)
        let report = Self.perform(.script([path], environment: ["LD_PRELOAD=/x", "PLUTO_VERB=up-host"]))
        #expect(report.lines == ["\(path) for up-host is done", "up-host"])
    }

    @Test func theHelperAnswersInOrderAndEndsWithTheDaemon() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.script("echo $PLUTO_N", in: directory)
        let pair = try FileDescriptor.datagramPair()
        try pair.split { (ours, its) throws(Errno) in
            // The thread has the descriptor to itself.
            let raw = dup(its.raw)
            let helper = try NativeThread(name: "helper") {
                var session = HookRunner.Session(owners: [geteuid()])
                session.serve(FileDescriptor(adopting: raw))
            }
            let permission = HookRequest.permit([path]).octets
            #expect(send(ours.raw, permission, permission.count, 0) == permission.count)
            for number in 1...3 {
                let octets = HookRequest.script([path], environment: ["PLUTO_N=\(number)"]).octets
                #expect(send(ours.raw, octets, octets.count, 0) == octets.count)
            }
            var answers: [String] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            for _ in 0..<2000 where answers.count < 3 {
                let count = read(ours.raw, &buffer, buffer.count)
                if count > 0 { answers += HookReport(buffer[..<count])?.lines.dropFirst() ?? [] } else { usleep(5000) }
            }
            #expect(answers == ["1", "2", "3"])
            shutdown(ours.raw, Int32(SHUT_WR))
            helper.join()
        }
    }

    // MARK: - Name servers

    @Test func systemdIsPreferredWhereItRuns() {
        let files: Set = ["/usr/bin/resolvectl", "/sbin/resolvconf", "/run/systemd/resolve"]
        #expect(ResolverTool(.auto, exists: files.contains) == .resolvectl("/usr/bin/resolvectl"))
        #expect(
            ResolverTool(.auto) { $0 != "/run/systemd/resolve" && files.contains($0) }
                == .resolvconf("/sbin/resolvconf")
        )
        #expect(ResolverTool(.resolvconf, exists: files.contains) == .resolvconf("/sbin/resolvconf"))
        #expect(ResolverTool(.auto) { _ in false } == nil)
    }

    @Test func domainsLimitWhatTheServersAreAsked() {
        let tool = ResolverTool.resolvectl("/r")
        #expect(
            tool.set("iked0", servers: ["10.2.0.53"], domains: ["corp.example"]).map(\.arguments) == [
                ["dns", "iked0", "10.2.0.53"], ["domain", "iked0", "~corp.example"], ["default-route", "iked0", "no"],
            ]
        )
        #expect(tool.set("iked0", servers: ["10.2.0.53"], domains: [])[1].arguments == ["domain", "iked0", "~."])
        #expect(tool.revert("iked0").map(\.arguments) == [["revert", "iked0"]])
        let other = ResolverTool.resolvconf("/r").set(
            "iked0",
            servers: ["10.2.0.53", "fd02::53"],
            domains: ["corp.example"]
        )
        #expect(other.map(\.input) == ["nameserver 10.2.0.53\nnameserver fd02::53\nsearch corp.example\n"])
    }

    @Test(arguments: [
        ("iked0; rm", ["10.2.0.53"], ["a.example"]), ("-x", ["10.2.0.53"], ["a.example"]), ("iked0", ["--help"], []),
        ("iked0", ["10.2.0.53"], ["-x"]), ("iked0", ["10.2.0.53"], ["a b"]),
    ])
    func nothingButNamesAndAddressesReachesAProgram(interface: String, servers: [String], domains: [String]) {
        let report = Self.perform(.resolvers(interface: interface, .auto, servers: servers, domains: domains))
        #expect(report == HookReport(hasFailed: true, lines: ["the request to change name servers makes no sense"]))
    }

    @Test func serversOfSeveralSAsAreAskedTogether() {
        func dns(_ server: String, _ domains: [String]) -> InnerDNS {
            var dns = InnerDNS()
            dns.servers = IPAddress(server).map { [$0] } ?? []
            dns.domains = domains
            return dns
        }
        var hooked = HookedSAs()
        hooked.dns[7] = dns("10.2.0.53", ["b.example"])
        hooked.dns[3] = dns("10.1.0.53", ["a.example", "b.example"])
        #expect(hooked.resolvers == (["10.1.0.53", "10.2.0.53"], ["a.example", "b.example"]))
        hooked.dns[9] = dns("10.2.0.53", [])
        #expect(hooked.resolvers == (["10.1.0.53", "10.2.0.53"], []))
    }

    // MARK: - Variables

    @Test func updownGetsStrongSwansVariables() throws {
        let pair = Pair()
        pair.up()
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let childSA = try #require(sa.children.first?.childSA)
        let calls = UpdownEnvironment.calls(for: childSA, sa, interface: "iked0")
        #expect(calls.count == 1)
        let environment = try #require(calls.first).environment(isUp: true)
        for variable in [
            "PLUTO_VERB=up-client", "PLUTO_CONNECTION=net", "PLUTO_INTERFACE=iked0", "PLUTO_ME=192.0.2.1",
            "PLUTO_MY_ID=left.example", "PLUTO_PEER_ID=right.example", "PLUTO_MY_CLIENT=10.1.0.0/16",
            "PLUTO_PEER_CLIENT=10.2.0.0/16", "PLUTO_MY_PORT=0", "PLUTO_MY_PROTOCOL=0", "PLUTO_VERSION=1.1",
        ] {
            #expect(environment.contains(variable), "\(variable) is missing in \(environment)")
        }
        #expect(try #require(calls.first).environment(isUp: false).first == "PLUTO_VERB=down-client")
    }
}
