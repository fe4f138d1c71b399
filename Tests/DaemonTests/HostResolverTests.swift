import Inet
import LinuxNet
import Testing

@testable import Daemon

@Suite struct HostResolverTests {
    @Test func namesAreAnsweredThroughTheEventLoop() throws {
        let loop = try EventLoop()
        let resolver = try HostResolver(loop: loop)
        var answers: [HostResolver.Answer] = []
        // More than there are threads at a time.
        for _ in 0..<20 {
            resolver.resolve(["localhost", "no..such..name"]) { answer in
                answers.append(answer)
                if answers.count == 20 { loop.stop() }
            }
        }
        #expect(answers.isEmpty)
        try loop.run()
        for answer in answers {
            #expect(answer.addresses["localhost"]?.isEmpty == false)
            #expect(answer.addresses.count == 1)
            #expect(answer.failures.count == 1)
        }
    }

    @Test func lookUpsAreBounded() throws {
        let resolver = try HostResolver(loop: try EventLoop())
        var refused = 0
        for _ in 0..<1000 {
            resolver.resolve(["localhost"]) { answer in refused += answer.failures.count }
        }
        #expect(refused > 0)
    }
}
