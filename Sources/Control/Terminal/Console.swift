import Glibc

/// Where a command writes: standard output for what was asked for, standard error for what went wrong.
package final class Console {
    package let palette: Palette
    /// Whether standard output is a terminal.
    package let isTerminal: Bool
    private let output: (String) -> Void
    private let error: (String) -> Void

    package init(
        palette: Palette,
        isTerminal: Bool,
        output: @escaping (String) -> Void,
        error: @escaping (String) -> Void
    ) {
        self.palette = palette
        self.isTerminal = isTerminal
        self.output = output
        self.error = error
    }

    /// The console of this process.
    package static func standard(environment: (String) -> String?) -> Console {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        return Console(
            palette: Palette(isTerminal: isTerminal, environment: environment),
            isTerminal: isTerminal,
            output: { write($0, to: STDOUT_FILENO) },
            error: { write($0, to: STDERR_FILENO) }
        )
    }

    /// Writes lines to standard output.
    func print(_ text: String) { output(text + "\n") }

    /// Writes to standard output what `body` adds to a page, while it does.
    func print(_ body: (inout Page) -> Void) {
        var page = Page(output)
        body(&page)
        page.flush()
    }

    /// Writes to standard output as is.
    func write(_ text: String) { output(text) }

    /// Writes a complaint to standard error, under the program's name.
    func complain(_ text: String) {
        error("\(Help.program): \(Self.printableLines(text))\n")
    }

    /// Writes lines to standard error as they are.
    func note(_ text: String) { error(text + "\n") }

    /// Messages of the daemon quote peers and files; of what could steer a terminal only line ends and tabs are kept.
    static func printableLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                line.split(separator: "\t", omittingEmptySubsequences: false)
                    .map { Columns.printable($0) }
                    .joined(separator: "\t")
            }
            .joined(separator: "\n")
    }

    /// Columns and rows of the terminal; nil when there is none.
    var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes all octets. When nobody reads them any more there is nobody to tell, so errors end the attempt.
    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno != EINTR { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(count, 0)))
            }
        }
    }
}
