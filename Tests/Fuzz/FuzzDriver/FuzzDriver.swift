import Glibc
import IKEWire

// The package manager gives every executable a main of its own, so libFuzzer's loop is called rather than linked as main.

/// libFuzzer's entry point for programs with their own main.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Runs libFuzzer, with the program's own arguments, until its time is up or an input fails.
package func fuzz(_ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) -> Never {
    var argumentCount = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runFuzzer(&argumentCount, &arguments, testOneInput))
}

/// Ends the process, which libFuzzer reports together with the input; also in release builds with the message.
package func fail(_ message: String, _ octets: [UInt8]) -> Never {
    fatalError("\(message): \(hexadecimal(octets))")
}

/// What a fuzzer makes once, before its first input.
package func made<Thing>(_ body: () throws -> Thing) -> Thing {
    do {
        return try body()
    } catch {
        fail("the fuzzer cannot begin: \(error)", [])
    }
}
